"""Words of questions that say nothing of what is looked for, by language: of English always, of others where they are spoken."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

_ENGLISH = """a about above according after all also am an and any are as at based be because been before being between both
    but by can cannot could did do does doing done during each either else ever every for from further get give given
    gives giving had has have having he her here hers him his how i if in into is it its itself just know let like list
    made make many may me mean might more most much must my name need no nor not of off on once only or other our ours
    out over own per please provide provided question respond response say says see shall she should show shown so some
    such tell than that the their theirs them then there these they this those through to too under until up us use used
    using very want was we were what whats when where which while who whom whose why will with within without would yes
    you your yours answer basis calculate compute explain find identify information relying rely details detail relevant
    within among across per via considering assume assuming roughly approximately whether vs following
    primarily mainly mentioned useful summarise summarize tldr"""
ENGLISH = frozenset(_ENGLISH.split())

_OTHERS = (
    # German
    """aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bitte da dabei dafür
    damit danach dann daran darauf daraus darf darin das dass davon dazu dem den denen denn der deren des dessen die dies
    diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es etwa etwas für gab geben
    gibt habe haben hat hatte hatten hier ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden
    jeder jedes kann kein keine keinem keinen können konnte konnten laut macht machen man mehr mein mit muss müssen nach
    nennen nenne nicht noch nun nur ob oder ohne sein seine seinem seinen seiner seit sich sie sind so sodass soll sollen
    sollte über um und uns unter vom von vor wann war waren warum was welche welchem welchen welcher welches wem wen wenn
    wer werde werden weshalb wessen wie wieso wieviel wieviele wird wir wo wobei wodurch wofür woher wohin womit woran
    woraus worin wurde wurden während zeige zu zum zur zwischen""",
    # French
    """a ai ainsi alors après au aucun aux avait avant avec avez avoir ayant c ce cela celle celles celui ces cet cette ceux
    chaque chez combien comme comment d dans de depuis des dont du elle elles en entre est et étaient était étant été être
    eux il ils j je l la laquelle le lequel les lesquelles lesquels leur leurs lors lui ma mais me même mes moi mon n ne
    nos notre nous on ont ou où par parmi pas pendant peut peuvent plus pour pourquoi qu quand que quel quelle quelles quels
    qui quoi s sa sans se selon sera ses si son sont sous sur t ta tel telle tes toi ton tous tout toute toutes très trouve
    trouver un une vers vos votre vous y""",
    # Spanish
    """a al algún alguna algunas algunos ante antes aquel aquella así aún bajo cada como cómo con contra cual cuál cuales
    cuáles cuando cuándo cuanta cuánta cuantas cuántas cuanto cuánto cuantos cuántos de del desde donde dónde dos durante e
    el él ella ellas ellos en entre era eran es esa esas ese eso esos esta está estaba están estas este esto estos fue
    fueron ha había habían han hasta hay la las le les lo los más me mediante mi mientras muy ni no nos o otra otras otro
    otros para pero por porque puede pueden que qué quién quien quiénes quienes se sea según ser si sí sido sin sobre son
    su sus también tan tanto te tiene tienen tras tu tuvo un una unas uno unos y ya""",
    # Italian
    """a abbia ad agli ai al all alla alle allo anche avere aveva c che chi ci ciò come con cosa cui d da dagli dai dal
    dall dalla dalle dallo degli dei del dell della delle dello di dopo dove e è ed era erano essere fra fu furono gli ha
    hanno i il in io l la le lei li lo loro lui ma mentre mi ne negli nei nel nell nella nelle nello non o ogni per perché
    più può qual quale quali quando quanta quante quanti quanto quella quelle quelli quello questa queste questi questo s se
    secondo si sia sono stata state stati stato su sua sue sugli sui sul sull sulla sulle suo suoi tra tutti tutto un una
    uno viene vengono""",
    # Portuguese
    """a ao aos após as às até com como da das de dela dele deles depois do dos durante e é ela elas ele eles em entre era
    eram essa essas esse esses esta está estão estas este estes eu foi foram há isso isto já lhe mais mas me meu na nas não
    nem no nos num numa o onde os ou para pela pelas pelo pelos pode podem por porque qual quais quando quanta quantas
    quanto quantos que quem são se segundo sem ser seu seus só sobre sua suas também te tem têm tinha um uma umas uns você""",
    # Dutch
    """aan al alle als ander andere bij daar dan dat de deze die dit doen door dus een en er ge geen had hadden hebben heeft
    heen hem het hier hij hoe hoeveel hun ik in is ja je kan kunnen maar me meer men met mijn moet moeten na naar niet nog
    nu of om omdat onder ons ook op over te tegen toen tot tussen u uit van veel volgens voor waar waarom wanneer waren was
    wat we welk welke werd werden wie wij wordt worden ze zich zij zijn zo zonder zou""",
    # Russian
    """а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да для до его ее её если есть ещё
    еще же за и из или им их к как какая какие каким каких какого какое какой какую когда ко который которая которые
    которых кто куда ли между меня мне может можно на над не нет ни но ну о об один он она они оно от по под после потом
    почему при про с сколько со так также такой там то того тоже только том ты у уже чего чем чём что чтобы эта эти этих это
    этого этой этом этот я является являются""",
)

_SPOKEN_FROM = 2
"""From so many words on a language counts as the question's: one may be a name, or stand in any language."""


def stop_words(words: Iterable[str]) -> frozenset[str]:
    """The stop words of these words' language and of English. ``words`` are in small letters."""
    said = set(words)
    best = max(_languages(), key=lambda language: len(said & language))
    shared = len(said & best)
    if shared < _SPOKEN_FROM or shared <= len(said & ENGLISH):
        return ENGLISH
    return ENGLISH | best


def is_english(words: Iterable[str]) -> bool:
    """Whether any of these words in small letters is a stop word of English and of no other language."""
    return any(word in ENGLISH and not any(word in language for language in _languages()) for word in words)


def is_stop_word(word: str) -> bool:
    """Whether a word in small letters is one in any of the languages."""
    return word in ENGLISH or any(word in language for language in _languages())


@cache
def _languages() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(language.split()) for language in _OTHERS)
