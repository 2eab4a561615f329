"""The table of marks before and after a lesson."""

import re

from engine.captcha_styles import STYLES
from ui.captcha_school_view import Marks, marks_table


def cells(before: int, after: int, count: int = 40) -> list[str]:
    """What the row of the lesson's own style says."""
    marks = Marks("dots", count, dict.fromkeys(STYLES, count), dict.fromkeys(STYLES, count))
    marks.before["dots"], marks.after["dots"] = before, after
    row = marks_table(marks).split('<tr class="own">')[1].split("</tr>")[0]
    return [re.sub("<[^>]*>", "", cell) for cell in re.findall("<td>(.*?)</td>", row)]


def test_a_change_is_what_the_shares_beside_it_say() -> None:
    assert cells(37, 38) == ["92.5 %", "95 %", "+2.5"]
    assert cells(38, 37) == ["95 %", "92.5 %", "−2.5"]
    assert cells(30, 40) == ["75 %", "100 %", "+25"]
    assert cells(39, 39) == ["97.5 %", "97.5 %", "="]
    assert cells(1, 2, count=24) == ["4.2 %", "8.3 %", "+4.2"]
