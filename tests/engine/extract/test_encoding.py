"""Texts of every encoding people still have come out as they were written."""
# ruff: noqa: E501

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.extract import encoding as encoding_module
from kimi_files.extract.encoding import Decoded, Encoding, detect_encoding

TEXTS: dict[str, tuple[str, list[str]]] = {
    "zh": (
        "人工智能技术的发展正在改变我们的生活方式。公司今年的营业收入增长了百分之十二，净利润为三千万元。会议将于星期五上午九点在北京举行，请各位准时参加。",
        ["gb18030", "gb2312", "gbk", "utf-16-le", "utf-16-be", "utf-8"],
    ),
    "zh2": (
        "第一章 总则\r\n第一条 为了规范公司的组织和行为，保护公司、股东和债权人的合法权益，制定本法。\r\n",
        ["gb18030", "gbk"],
    ),
    "tw": (
        "人工智慧技術的發展正在改變我們的生活方式。公司今年的營業收入增長了百分之十二，淨利潤為三千萬元。會議將於星期五上午九點在臺北舉行，請各位準時參加。",
        ["big5", "cp950", "utf-16-le", "utf-16-be"],
    ),
    "ja": (
        "人工知能の技術の発展は私たちの生活を変えつつあります。今年の売上高は十二パーセント増加しました。会議は金曜日の午前九時に東京で開催されます。カタカナもあります。",
        ["shift_jis", "cp932", "euc_jp", "iso2022_jp", "utf-16-le", "utf-16-be"],
    ),
    "ko": (
        "인공지능 기술의 발전은 우리의 생활 방식을 바꾸고 있습니다. 올해 매출은 십이 퍼센트 증가했습니다. 회의는 금요일 오전 아홉 시에 서울에서 열립니다.",
        ["euc_kr", "cp949", "johab", "iso2022_kr", "utf-16-le"],
    ),
    "ru": (
        "Развитие технологий искусственного интеллекта меняет нашу жизнь. Выручка компании выросла на двенадцать процентов. Совещание состоится в пятницу в девять часов утра в Москве.",
        ["cp1251", "koi8_r", "iso8859_5", "cp866", "utf-16-le"],
    ),
    "uk": (
        "Розвиток технологій штучного інтелекту змінює наше життя. Дохід компанії зріс на дванадцять відсотків. Нарада відбудеться у п'ятницю о дев'ятій ранку в Києві.",
        ["cp1251", "koi8_u"],
    ),
    "bg": (
        "Развитието на технологиите за изкуствен интелект променя начина ни на живот. Приходите на компанията нараснаха с дванадесет процента.",
        ["cp1251"],
    ),
    "el": (
        "Η ανάπτυξη της τεχνολογίας αλλάζει τον τρόπο ζωής μας. Τα έσοδα της εταιρείας αυξήθηκαν κατά δώδεκα τοις εκατό. Η συνεδρίαση θα γίνει την Παρασκευή.",
        ["cp1253", "iso8859_7"],
    ),
    "he": (
        "התפתחות הטכנולוגיה משנה את אורח חיינו. הכנסות החברה גדלו בשנים עשר אחוזים. הישיבה תתקיים ביום שישי בתשע בבוקר בירושלים.",
        ["cp1255", "iso8859_8"],
    ),
    "ar": (
        "تطور تقنيات الذكاء الاصطناعي يغير حياتنا. ارتفعت إيرادات الشركة بنسبة اثني عشر في المئة. يعقد الاجتماع يوم الجمعة في الساعة التاسعة صباحا.",
        ["cp1256", "iso8859_6"],
    ),
    "tr": (
        "Yapay zekâ teknolojilerinin gelişmesi yaşam tarzımızı değiştiriyor. Şirketin gelirleri yüzde on iki arttı. Toplantı cuma günü saat dokuzda İstanbul'da yapılacak.",
        ["cp1254", "iso8859_9"],
    ),
    "th": ("การพัฒนาเทคโนโลยีปัญญาประดิษฐ์กำลังเปลี่ยนแปลงวิถีชีวิตของเรา รายได้ของบริษัทเพิ่มขึ้นร้อยละสิบสอง", ["cp874", "tis_620"]),
    "vi": ("Sự phát triển của công nghệ trí tuệ nhân tạo đang thay đổi cuộc sống của chúng ta.", ["utf-16-le"]),
    "pl": (
        "Rozwój technologii sztucznej inteligencji zmienia nasz sposób życia. Przychody spółki wzrosły o dwanaście procent. Zażółć gęślą jaźń. Spotkanie odbędzie się w piątek o godzinie dziewiątej w Łodzi.",
        ["cp1250", "iso8859_2"],
    ),
    "cs": (
        "Vývoj technologií umělé inteligence mění náš způsob života. Příjmy společnosti vzrostly o dvanáct procent. Schůzka se bude konat v pátek v devět hodin ráno. Příliš žluťoučký kůň úpěl ďábelské ódy.",
        ["cp1250", "iso8859_2"],
    ),
    "hu": (
        "A mesterséges intelligencia technológiájának fejlődése megváltoztatja életmódunkat. A vállalat bevételei tizenkét százalékkal nőttek. Árvíztűrő tükörfúrógép.",
        ["cp1250", "iso8859_2"],
    ),
    "de": (
        "Die Entwicklung der künstlichen Intelligenz verändert unsere Lebensweise. Der Umsatz des Unternehmens wuchs um zwölf Prozent. Größe, Übermut und Ärger.",
        ["cp1252", "latin-1"],
    ),
    "de2": (
        "Sehr geehrte Frau Müller,\nhiermit bestätige ich den Eingang Ihrer Zahlung.\nMit freundlichen Grüßen\n",
        ["cp1252", "latin-1"],
    ),
    "fr": (
        "L'évolution des technologies de l'intelligence artificielle modifie notre façon de vivre. Le chiffre d'affaires a augmenté de douze pour cent. Où êtes-vous, garçon ?",
        ["cp1252", "latin-1"],
    ),
    "fr2": ("Café déjà vu – “quotes” naïve € 12", ["cp1252"]),
    "es": (
        "El desarrollo de la inteligencia artificial está cambiando nuestra forma de vida. Los ingresos de la compañía crecieron un doce por ciento. ¿Dónde está el señor Núñez?",
        ["cp1252", "latin-1"],
    ),
    "pt": (
        "O desenvolvimento da inteligência artificial está a mudar a nossa forma de viver. As receitas da empresa cresceram doze por cento. Não há razão para preocupação.",
        ["cp1252", "latin-1"],
    ),
    "it": (
        "Lo sviluppo dell'intelligenza artificiale sta cambiando il nostro modo di vivere. Perché no? La società è cresciuta più del previsto.",
        ["cp1252"],
    ),
    "sv": (
        "Utvecklingen av artificiell intelligens förändrar vårt sätt att leva. Företagets intäkter ökade med tolv procent. Mötet äger rum på fredag.",
        ["cp1252", "latin-1"],
    ),
    "da": (
        "Udviklingen af kunstig intelligens ændrer vores måde at leve på. Selskabets indtægter steg med tolv procent. Mødet finder sted på fredag.",
        ["cp1252", "latin-1"],
    ),
    "fi": (
        "Tekoälyteknologian kehitys muuttaa elämäntapaamme. Yhtiön liikevaihto kasvoi kaksitoista prosenttia. Kokous pidetään perjantaina.",
        ["cp1252", "latin-1"],
    ),
    "euro": (
        "The café's naïve résumé – it’s “fine” and costs 5 €.\nPlain English otherwise, with a lot of text and some more to come.\n",
        ["cp1252", "mac_roman"],
    ),
    "lt": (
        "Dirbtinio intelekto technologijų plėtra keičia mūsų gyvenimo būdą. Įmonės pajamos išaugo dvylika procentų. Žąsų šėrimas.",
        ["cp1257", "iso8859_13"],
    ),
    "ro": (
        "Dezvoltarea tehnologiei inteligenţei artificiale ne schimbă modul de viaţă. Veniturile companiei au crescut cu doisprezece la sută şi aşa mai departe.",
        ["cp1250", "iso8859_2"],
    ),
    "code": (
        '/* Größe des Puffers */\nint main(void) {\n    char *s = "hello"; // é\n    return 0;\n}\n',
        ["cp1252", "latin-1"],
    ),
    "codeja": ("// バッファのサイズ\nint size = 10; /* 初期化 */\nreturn size;\n", ["cp932", "euc_jp"]),
    "codezh": ("// 缓冲区大小\nint size = 10; /* 初始化 */\nreturn size;\n", ["gbk"]),
    "codeko": ("// 버퍼 크기\nint size = 10; /* 초기화 */\nreturn size;\n", ["cp949"]),
    "coderu": ("// размер буфера\nint size = 10; /* инициализация */\nreturn size;\n", ["cp1251"]),
    "logzh": ("2025-01-01 12:00:00 INFO start\n" * 3000 + "2025-01-01 ERROR 无法打开文件：权限不足\n", ["gbk"]),
    "csvde": ("Name;Straße;Ort\nMüller;Hauptstraße 1;München\nSchäfer;Bahnhofstraße 3;Köln\n", ["cp1252"]),
    "csvfr": ("Prénom;Société\nRené;Crédit Agricole\n", ["cp1252"]),
    "csvzh": ("姓名,城市,金额\n张三,北京,100\n李四,上海,200\n", ["gbk"]),
    "csvtw": ("姓名,城市,金額\n張三,臺北,100\n李四,高雄,200\n", ["big5"]),
    "one": ("café\n", ["cp1252"]),
    "two": ("naïve\n", ["cp1252"]),
    "deg": ("Temperature 21°C, ±0.5 µm\n", ["cp1252"]),
    "copy": ("Copyright © 2024 ACME® Corp.\n", ["cp1252"]),
    "dash": ("It’s – well – “ok”…\n", ["cp1252"]),
    "name": ("José García\n", ["cp1252"]),
    "strasse": ("Straße\n", ["cp1252"]),
}


def decoded(data: bytes, declared: str | None = None) -> tuple[str, Decoded]:
    stream = io.BytesIO(data)
    result = Decoded(stream, detect_encoding(stream, declared))
    return "".join(result), result


@pytest.mark.parametrize("times", [1, 20])
@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language, (_, names) in TEXTS.items() for name in names]
)
def test_a_text_is_decoded_as_it_was_encoded(language: str, name: str, times: int) -> None:
    text = TEXTS[language][0] * times
    result, counts = decoded(text.encode(name))
    assert result == text
    assert counts.replaced == 0


OLD = [
    ("I don’t know what it’s about, we can’t say.", "mac_roman"),
    ("He said “hello” to the world – and left…", "mac_roman"),
    ("How would you rate your knowledge\xa0of cuisines?", "mac_roman"),
    ("Café Zoë, Penélope Rodríguez, naïve", "mac_roman"),
    ("Müller & Söhne, Größe, Straße, für", "mac_roman"),
    ("Müller & Söhne, Größe, Straße, für", "cp850"),
    ("Kräuter und Gemüse, begrünt, gemäß", "cp437"),
    ("¿El niño? Corazón y canción, año 2010", "cp850"),
    ("Mieszkańcy co tydzień podlewają rośliny", "cp852"),
]


@pytest.mark.parametrize(("text", "name"), OLD, ids=[f"{name} {text[:12]}" for text, name in OLD])
def test_few_words_of_dos_and_the_first_macs_are_read_by_where_their_signs_stand(text: str, name: str) -> None:
    rows = "id,name,count\n" + "".join(f"{number},alpha beta,{number * 7}\n" for number in range(20))
    written = f"{rows}21,{text},4\n"
    assert decoded(written.encode(name))[0] == written


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ø 25 mm, 10 µm, 5 N·m, 3×4, ±0.5, 50¢, R² = 0.9", "cp1252"),
        ("Smith† and Jones‡; T–cell; Well…no; rock ’n’ roll", "cp1252"),
        ("•first\n•second", "cp1252"),
        ("Anaïs Saïd, financiën, coördinatie, geïnd", "cp1252"),
        ("Garður með blómum og þrír menn", "cp1252"),
        ("żeby może wziąć się za świeżą łąkę", "cp1250"),
        ("Öğrenciler kışın yağmurlu günlerde dışarı çıkmadı ve başka yere gitmedi", "cp1254"),
        ("Elmondta: „elnyelt” – és így tovább, hosszú őszi estéken", "cp1250"),
        ("Άλλες γλώσσες, και Άλλα πράγματα του κόσμου μας", "cp1253"),
    ],
)
def test_what_windows_wrote_stays_as_it_was(text: str, name: str) -> None:
    assert decoded(f"{text}\n".encode(name))[0] == f"{text}\n"


# Without NUL: "0\x00" is the same two bytes in UTF-8 as "0" in UTF-16, and no text on a disk holds a NUL.
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_all_utf8_is_unchanged(text: str) -> None:
    assert decoded(text.encode())[0] == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_the_mark_is_dropped_and_obeyed(mark: bytes, name: str) -> None:
    text = "Grüße, 世界 😀\r\n\ufeffonly the first"
    assert decoded(mark + text.encode(name))[0] == text


def test_the_end_of_a_log_decides_when_its_beginning_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding_module, "BLOCK_BYTES", 4096)
    text = "2025-01-01 12:00:00 INFO start\n" * 5_000 + "ERROR 无法打开文件：权限不足\n"
    assert decoded(text.encode("gbk"))[0] == text


def test_characters_cut_by_a_block_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding_module, "BLOCK_BYTES", 7)
    text = "会议将于星期五😀上午九点在北京举行。" * 5
    for name in ("utf-8", "gb18030", "utf-16"):
        assert decoded(text.encode(name))[0] == text


def test_what_does_not_decode_is_shown_and_counted() -> None:
    data = "Grüße aus Köln, ".encode() * 10 + b"\xff\xfe broken \xc3" + "\ufffd".encode()
    text, counts = decoded(data)
    assert text.count("\ufffd") == 4
    assert counts.replaced == 3  # the fourth stood in the file
    assert text.startswith("Grüße aus Köln")


def test_a_declared_encoding_is_believed_when_it_decodes() -> None:
    data = "ąęśćżź".encode("iso8859_2")
    assert decoded(data, "iso-8859-2")[0] == "ąęśćżź"
    assert decoded("żółw".encode(), "iso-8859-2")[0] == "żółw"
    assert decoded(b"abc\xe9", "no-such-encoding")[0] == "abcé"
    assert decoded(b"abc\xe9", "base64")[0] == "abcé"


def test_a_stray_zero_makes_no_chinese_of_a_short_text() -> None:
    text, counts = decoded(b'null = "null \0 and more"\n')
    assert text == 'null = "null \0 and more"\n'
    assert counts.controls == 1


def test_binary_controls_are_counted() -> None:
    stream = io.BytesIO(b"text\x00\x01\x02")
    result = Decoded(stream, Encoding("utf-8"))
    "".join(result)
    assert (result.controls, result.characters) == (3, 7)


def test_what_an_xml_file_says_of_its_encoding_goes_before_a_guess() -> None:
    data = '<?xml version="1.0" encoding="IBM855"?><a>Осмотр турбины обнаружил трещины на валу.</a>'.encode("cp855")

    assert detect_encoding(io.BytesIO(data)).name == "cp855"


def test_what_says_utf_16_in_single_bytes_is_not_believed() -> None:
    data = '<?xml version="1.0" encoding="UTF-16LE"?><a>Les élèves étaient déjà arrivés à la fête.</a>'.encode("cp1252")

    assert len(data) % 2 == 0
    assert detect_encoding(io.BytesIO(data)).name == "cp1252"
