"""Porter's stemming of English words (M. F. Porter, 1980): inspections, inspected and inspecting become one word."""

from __future__ import annotations

import re

# A word's measure is how many times a run of vowels is followed by a run of consonants; y is a vowel after a consonant.
_CONSONANT = "[^aeiou]"
_VOWEL = "[aeiouy]"
_CONSONANTS = _CONSONANT + "[^aeiouy]*"
_VOWELS = _VOWEL + "[aeiou]*"
_MEASURE_OVER_0 = re.compile(f"^({_CONSONANTS})?{_VOWELS}{_CONSONANTS}")
_MEASURE_IS_1 = re.compile(f"^({_CONSONANTS})?{_VOWELS}{_CONSONANTS}({_VOWELS})?$")
_MEASURE_OVER_1 = re.compile(f"^({_CONSONANTS})?{_VOWELS}{_CONSONANTS}{_VOWELS}{_CONSONANTS}")
_HAS_VOWEL = re.compile(f"^({_CONSONANTS})?{_VOWEL}")
_SHORT = re.compile(f"^{_CONSONANTS}{_VOWEL}[^aeiouwxy]$")
_DOUBLED = re.compile(r"([^aeiouylsz])\1$")

_STEP_2 = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "bli": "ble", "alli": "al",
    "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al",
    "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "logi": "log",
}  # fmt: skip
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ou", "ism", "ate", "iti", "ous",
    "ive", "ize",
)  # fmt: skip
_ENDS_2 = re.compile(f"^(.+?)({'|'.join(_STEP_2)})$")
_ENDS_3 = re.compile(f"^(.+?)({'|'.join(_STEP_3)})$")
_ENDS_4 = re.compile(f"^(.+?)({'|'.join(_STEP_4)})$")
_ENDS_4_ION = re.compile("^(.+?[st])ion$")


def stem(word: str) -> str:
    """The stem of an English word in lower-case ASCII letters."""
    if len(word) < 3:
        return word
    # A y at the beginning is a consonant; in capitals no rule takes it for a vowel.
    leads_with_y = word[0] == "y"
    if leads_with_y:
        word = "Y" + word[1:]
    word = _derivations(_inflections(word))
    return "y" + word[1:] if leads_with_y else word


def _inflections(word: str) -> str:
    """Plurals, past and progressive forms, and a final y: Porter's step 1."""
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        if _MEASURE_OVER_0.match(word[:-3]):
            word = word[:-1]
    else:
        root = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
        if root and _HAS_VOWEL.match(root):
            if root.endswith(("at", "bl", "iz")) or _SHORT.match(root):
                word = root + "e"
            else:
                word = root[:-1] if _DOUBLED.search(root) else root
    if word.endswith("y") and _HAS_VOWEL.match(word[:-1]):
        word = word[:-1] + "i"
    return word


def _derivations(word: str) -> str:
    """Endings that make one word out of another: Porter's steps 2 to 5."""
    for ends, replacements in ((_ENDS_2, _STEP_2), (_ENDS_3, _STEP_3)):
        if (match := ends.match(word)) and _MEASURE_OVER_0.match(match[1]):
            word = match[1] + replacements[match[2]]
    if (match := _ENDS_4.match(word) or _ENDS_4_ION.match(word)) and _MEASURE_OVER_1.match(match[1]):
        word = match[1]
    if word.endswith("e"):
        root = word[:-1]
        if _MEASURE_OVER_1.match(root) or (_MEASURE_IS_1.match(root) and not _SHORT.match(root)):
            word = root
    if word.endswith("ll") and _MEASURE_OVER_1.match(word):
        word = word[:-1]
    return word
