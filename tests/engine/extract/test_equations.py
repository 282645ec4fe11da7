"""What Word's EQ fields show."""

from __future__ import annotations

import pytest

from kimi_files.extract.office.equations import equation


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        (r" eq \f(1,2) ", r"$\frac{1}{2}$"),
        (r"EQ x = \f(1,2)", r"$x = \frac{1}{2}$"),
        (r"EQ \f(-b + \r(b\s(2) - 4ac);2a)", r"$\frac{-b + \sqrt{b^{2} - 4ac}}{2a}$"),
        (r"EQ \f(1,5;2)", r"$\frac{1,5}{2}$"),
        (r"EQ \r(3,x)", r"$\sqrt[3]{x}$"),
        (r"EQ x\s\do8(i)\s\up8(2)", "$x_{i}^{2}$"),
        (r"EQ X\s(a,b)", "$X^{a}_{b}$"),
        (r"EQ \a\co3\hs3(1,2,3,4,5,6)", r"$\begin{matrix}1 & 2 & 3 \\ 4 & 5 & 6\end{matrix}$"),
        (r"EQ \b\bc\[ (\a(5,4,3)) \r(2)", r"$[\begin{matrix}5 \\ 4 \\ 3\end{matrix}] \sqrt{2}$"),
        (r"EQ \b\lc\{(\f(a,b))", r"$\{\frac{a}{b}$"),
        (r"EQ \i\su(i=0,n,i\s(2))", r"$\sum_{i=0}^{n} i^{2}$"),
        (r"EQ \i(0,1,x)dx", r"$\int_{0}^{1} xdx$"),
        (r"EQ f(x) = \f((a+b),c)", r"$f(x) = \frac{(a+b)}{c}$"),
        (r"EQ 5% \f(a_1,b)", r"$5\% \frac{a\_1}{b}$"),
        (r"EQ \f(a\,b,c)", r"$\frac{a,b}{c}$"),
        (r"EQ \a \al (Milk,Eggs,Bread)", "Milk; Eggs; Bread"),
        (r"EQ \b(word)", "(word)"),
        (r"EQ \x(p=q)", "p=q"),
        (r"eq \o\ac(○,印)", "(印)"),
        (r'EQ \* jc2 \* "Font:MS Gothic" \o\ad(\s\up 9(とうきょう),東京)', "東京(とうきょう)"),
        (r"EQ \o(A,/)", "A/"),
        (r"EQ \f(1,2", r"\f(1,2"),
        (r"EQ \f 1", r"\f 1"),
        (r"EQ \a\co0(1,2)", r"$\begin{matrix}1 \\ 2\end{matrix}$"),
        (r"EQ \a\co-(1,2)", r"\a\co-(1,2)"),
        ("EQ " + "(" * 1_900 + ")" * 1_900, "(" * 1_900 + ")" * 1_900),
        ("EQ " + r"\f(" * 40 + "1" + ",2)" * 40, r"\f(" * 40 + "1" + ",2)" * 40),
    ],
)
def test_a_field_is_told_as_it_is_seen(instruction: str, shown: str) -> None:
    assert equation(instruction) == shown


@pytest.mark.parametrize("instruction", ["", "EQUATION 1", "PAGE", 'HYPERLINK "eq"', "EQ"])
def test_other_fields_are_none(instruction: str) -> None:
    assert equation(instruction) is None
