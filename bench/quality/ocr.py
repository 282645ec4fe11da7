"""OCR: pages drawn from known texts, clean and noisy, in columns, as an invoice and turned, against what was drawn.

``python -m bench.quality.ocr --english TEXT --chinese TEXT [--half tune|report] [--limit N]`` prints a table. The texts are
UTF-8 files of any length, paragraphs parted by empty lines; each 3,000 characters make a page. The figures are edits a
character (Levenshtein distance over length), blanks and the marks of markdown aside, and CPU seconds a page.

``python -m bench.quality.ocr --pairs DIR [--half tune|report] [--limit N]`` draws the first page of each ``x.pdf`` beside which
``x.md`` is, and prints how much of what was read stands in the markdown's order, and how many headings found are its own.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFont

from bench.quality import sets
from bench.quality.scores import Score, heading_score, in_tune_half, order_score
from kimi_files.extract.pdf_page import drawing
from kimi_files.extract.scan import recognition

WIDTH, HEIGHT, DOTS = 1654, 2339, 200  # A4
MARGIN = 170

FONTS = {
    "serif": "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "sans": "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "song": "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
}
_CHINESE_FACE = 2  # of the collections: Japanese, Korean, simplified Chinese

_TOKENS = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")
_NEVER_FIRST = "，。、；：？！）》”’…"
_DRAWN = re.compile(r"[\u2500-\u257f]{3}")
_MARKS = re.compile(r"\|(?:\s*---\s*\|)+|^#+ |[|\s]", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A drawn page and the lines on it in reading order."""

    image: Image.Image
    lines: list[str]


@dataclass
class Sums:
    """Sums over the pages of one kind."""

    edits: int = 0
    characters: int = 0
    seconds: float = 0.0
    pages: int = 0
    worst: list[tuple[float, str]] = field(default_factory=list)

    def add(self, page: Page) -> None:
        start = time.process_time()
        text = recognition.read_picture(page.image).text
        self.seconds += time.process_time() - start
        drawn, read = _bare("\n".join(page.lines)), _bare(text)
        edits = distance(drawn, read)
        self.edits += edits
        self.characters += len(drawn)
        self.pages += 1
        self.worst.append((edits / max(len(drawn), 1), text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--english", type=Path)
    parser.add_argument("--chinese", type=Path)
    parser.add_argument("--pairs", type=Path, help="a folder with x.pdf and x.md")
    parser.add_argument("--half", choices=("tune", "report", "both"), default="both")
    parser.add_argument("--limit", type=int, default=4, help="pages of each kind")
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    parser.add_argument("--save", type=Path, help="a folder for what was drawn and read")
    options = parser.parse_args()
    recognition.read_picture(Image.new("RGB", (200, 60), "white"))  # the models are loaded
    if options.pairs:
        order_of_pairs(options.pairs, options.half, options.limit)
        return
    if not (options.english and options.chinese):
        parser.error("--english and --chinese, or --pairs")
    print("| pages | edits a character | CPU s a page | pages read |\n|---|---|---|---|")
    for kind, pages in _kinds(options.english.read_text(), options.chinese.read_text()).items():
        if options.only not in kind:
            continue
        score = Sums()
        for number, page in enumerate(pages()):
            if score.pages >= options.limit:
                break
            if options.half != "both" and (options.half == "tune") == bool(number % 2):
                continue
            if any(_DRAWN.search(line) for line in page.lines):
                continue  # lines and corners made of signs are a drawing, and no text
            score.add(page)
            if options.save:
                name = f"{kind}-{number}".replace(" ", "-")
                page.image.save(options.save / f"{name}.png")
                (options.save / f"{name}.txt").write_text(score.worst[-1][1])
                (options.save / f"{name}.drawn").write_text("\n".join(page.lines))
        rate, seconds = score.edits / max(score.characters, 1), score.seconds / max(score.pages, 1)
        print(f"| {kind} | {rate:.4f} | {seconds:.1f} | {score.pages} |", flush=True)


def order_of_pairs(folder: Path, half: str, limit: int) -> None:
    """First pages of documents in columns as pictures, against the markdown that they were made from."""
    print("| page | words in order | headings found | of the document |\n|---|---|---|---|")
    shares, headings = [], Score()
    for document in sets.pairs(folder):
        if not document.has_headings or (half != "both" and in_tune_half(document.name) != (half == "tune")):
            continue
        with document.path.open("rb") as stream:
            (image,) = [draw() for _, _, draw in drawing.scans(stream, document.path.name, [1])]
        assert image is not None
        page, truth = recognition.read_picture(image), document.text or ""
        shares.append(order_score(truth, page.text).precision)
        found = heading_score(truth, "\n".join(f"{'#' * level} {title}" for title, level in page.headings))
        headings += found
        print(f"| {document.name} | {shares[-1]:.3f} | {found.read} | {found.both} |", flush=True)
        if len(shares) == limit:
            break
    print(f"| all | {sum(shares) / max(len(shares), 1):.3f} | {headings.read} | {headings.both} |")


def _kinds(english: str, chinese: str) -> dict[str, Callable[[], Iterator[Page]]]:
    def of(text: str, font: str, **how: float) -> Callable[[], Iterator[Page]]:
        return lambda: (draw_page(part, font, **how) for part in _parts(text))

    def noisy(pages: Callable[[], Iterator[Page]]) -> Callable[[], Iterator[Page]]:
        return lambda: (Page(_noisy(page.image, number), page.lines) for number, page in enumerate(pages()))

    def turned(pages: Callable[[], Iterator[Page]], degrees: int) -> Callable[[], Iterator[Page]]:
        return lambda: (Page(page.image.rotate(-degrees, expand=True), page.lines) for page in pages())

    plain, han = of(english, "serif", points=11), of(chinese, "cjk", points=11)
    kinds = {
        "English clean": plain,
        "English sans 9 pt": of(english, "sans", points=9),
        "English 7 pt": of(english, "serif", points=7),
        "English noisy": noisy(plain),
        "Chinese clean": han,
        "Chinese song 9 pt": of(chinese, "song", points=9),
        "Chinese noisy": noisy(han),
        "two columns English": of(english, "serif", points=10, columns=2),
        "two columns Chinese": of(chinese, "song", points=10, columns=2),
        "three columns English": of(english, "serif", points=9, columns=3),
        "two columns noisy": noisy(of(english, "sans", points=10, columns=2)),
        "invoice": lambda: (draw_invoice(seed) for seed in range(1_000)),
        "invoice noisy": lambda: (
            Page(_noisy(page.image, n), page.lines) for n, page in enumerate(map(draw_invoice, range(1_000)))
        ),
    }
    for degrees in (90, 180, 270):
        kinds[f"English turned {degrees}"] = turned(plain, degrees)
        kinds[f"Chinese turned {degrees}"] = turned(han, degrees)
        kinds[f"invoice turned {degrees}"] = turned(kinds["invoice"], degrees)
        kinds[f"noisy columns turned {degrees}"] = turned(kinds["two columns noisy"], degrees)
    return kinds


def _parts(text: str) -> Iterator[list[str]]:
    """Paragraphs for one page after the other."""
    text = re.sub(r"(?<=[\u2e80-\uffef])[ \t]*\n[ \t]*(?=[\u2e80-\uffef])", "", text)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    part: list[str] = []
    for paragraph in paragraphs:
        part.append(paragraph)
        if sum(map(len, part)) > 3_000:
            yield part
            part = []


def draw_page(paragraphs: list[str], font: str, points: float = 11, columns: int = 1) -> Page:
    """A title over the page, and as much of the paragraphs as fits below it."""
    size = round(points * DOTS / 72)
    face = _face(font, size)
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    gap = 60
    width = (WIDTH - 2 * MARGIN - gap * (columns - 1)) // columns
    lines: list[str] = []
    top = MARGIN
    if columns > 1:
        title = "Notes on the state of affairs 2024" if paragraphs[0].isascii() else "二〇二四年度工作报告"
        pen.text((MARGIN, MARGIN), title, font=_face(font, 2 * size), fill="black")
        lines.append(title)
        top += 4 * size
    column, y = 0, top
    for paragraph in paragraphs:
        for line in _wrapped(paragraph, face, width):
            if y > HEIGHT - MARGIN - size:
                column, y = column + 1, top
            if column == columns:
                return Page(image, lines)
            pen.text((MARGIN + column * (width + gap), y), line, font=face, fill="black")
            lines.append(line)
            y += round(1.4 * size)
        y += size // 2
    return Page(image, lines)


def draw_invoice(seed: int) -> Page:
    """Two languages, an address, a table with figures, totals."""
    chance = random.Random(seed)
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    face, large = _face("cjk", 31), _face("cjk", 56)
    lines: list[str] = []

    def write(y: int, *cells: tuple[int, str], font: ImageFont.FreeTypeFont = face) -> None:
        for x, text in cells:
            pen.text((x, y), text, font=font, fill="black")
            lines.append(text)

    write(150, (MARGIN, "发票 INVOICE"), font=large)
    write(260, (MARGIN, "Nordwerk Turbinen GmbH"), (1000, f"No. {chance.randint(10**7, 10**8)}"))
    write(
        310,
        (MARGIN, "上海市浦东新区世纪大道 100 号"),
        (1000, f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"),
    )
    write(360, (MARGIN, "accounts@nordwerk.example"), (1000, f"+49 30 {chance.randint(10**6, 10**7)}"))
    write(500, (MARGIN, "项目 Item"), (760, "数量 Qty"), (1000, "单价 Price"), (1270, "金额 Amount"))
    pen.line((MARGIN, 550, WIDTH - MARGIN, 550), fill="black", width=2)
    goods = (
        "轴承 Bearing",
        "密封圈 Seal ring",
        "检修服务 Inspection",
        "Shaft No. 9",
        "运费 Freight",
        "齿轮油 Gear oil",
    )
    total, y = 0.0, 570
    for good in chance.sample(goods, 5):
        count, price = chance.randint(2, 99), chance.randint(100, 99_999) / 100
        total += count * price
        write(y, (MARGIN, good), (760, str(count)), (1000, f"{price:,.2f}"), (1270, f"{count * price:,.2f}"))
        y += 62
    write(y + 60, (1000, "合计 Total"), (1270, f"{total:,.2f}"))
    write(y + 160, (MARGIN, "请于 30 日内付款。Payable within 30 days. IBAN DE89 3704 0044 0532 0130 00"))
    return Page(image, lines)


def _face(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS[font], size, index=_CHINESE_FACE if font in ("cjk", "song") else 0)


def _wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for token in _TOKENS.findall(text):
        if line.strip() and face.getlength(line + token) > width and token not in _NEVER_FIRST:
            yield line.rstrip()
            line = ""
        line += token if line else token.lstrip()
    if line.strip():
        yield line.rstrip()


def _noisy(image: Image.Image, seed: int) -> Image.Image:
    """As a cheap scanner gives it: a little askew, grey, grainy, compressed."""
    chance = random.Random(seed)
    askew = image.rotate(chance.uniform(-1.2, 1.2), resample=Image.Resampling.BICUBIC, fillcolor="white")
    grain = numpy.random.default_rng(seed).normal(0, 18, (image.height, image.width, 1))
    return Image.fromarray(numpy.clip(numpy.asarray(askew) * 0.82 + 30 + grain, 0, 255).astype("uint8"))


def _bare(text: str) -> str:
    """Without blanks and marks of markdown; an ellipsis is three dots, as which it is read."""
    return _MARKS.sub("", text).replace("…", "...")


def distance(drawn: str, read: str) -> int:
    """Levenshtein's distance, a row at a time."""
    codes = numpy.array([ord(sign) for sign in read], dtype=numpy.int64)
    steps = numpy.arange(len(read) + 1)
    row = steps.copy()
    for at, sign in enumerate(drawn, start=1):
        changed = numpy.minimum(row[1:] + 1, row[:-1] + (codes != ord(sign)))
        row = numpy.minimum.accumulate(numpy.concatenate(([at], changed)) - steps) + steps
    return int(row[-1])


if __name__ == "__main__":
    main()
