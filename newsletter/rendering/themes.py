"""Three complete looks for one set of templates: what each part of a mail and a page is set like.

A part's style is inline CSS, because that is what every mail program reads. In it stand `$ink` and the other colours of
the day, `$brand`, `$serif`, `$sans`, and `$start` and `$end`: left and right, or right and left where people read so.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ground:
    """The colours of the paper and the ink; the brand's colour is added to them."""

    page: str
    sheet: str
    tint: str
    ink: str
    soft: str
    rule: str
    #: around a button on the tint
    edge: str
    #: what is typed on a page stands on it, and has this frame
    field: str
    frame: str


@dataclass(frozen=True, slots=True, eq=False)
class Theme:
    """One look: grounds for day and night, the MJML's measures, a style for each part."""

    name: str
    day: Ground
    night: Ground
    parts: Mapping[str, str]
    #: entries without their second sentence and without a button for what their title links to
    brief: bool
    #: a sentence that is set off has so many signs at most
    sentence: int


_PAPER = {
    # the sheet, in MJML's terms; the letters are those of whatever names no others
    "letters": "$serif",
    "width": "640px",
    "notice_width": "560px",
    "head": "40px 44px 0",
    "side": "0 44px",
    "section_gap": "font-size:0;line-height:36px",
    "tint_gap": "font-size:0;line-height:12px",
    "more_gap": "font-size:0;line-height:24px",
    "foot_side": "36px 44px 44px",
    "phone_side": "20px",
    # the head
    "name": "font-family:$sans;font-size:12px;line-height:18px;font-weight:600;letter-spacing:1.4px;"
    "text-transform:uppercase;color:$brand",
    "logo_size": "32",
    "mark": "display:block;border:0;height:32px;width:auto;max-width:100%",
    "date": "margin:10px 0 0;font-size:34px;line-height:39px;font-weight:400;letter-spacing:-.3px;color:$ink",
    "date_phone": "font-size:27px!important;line-height:33px!important",
    "lead_class": "ink",
    "lead": "margin:12px 0 0;font-size:17px;line-height:26px;color:$ink",
    "intro": "margin:18px 0 0;font-size:17px;line-height:26px;color:$ink",
    # sections
    "firm": "border-top:2px solid $ink;font-size:0;line-height:0;height:0",
    "firm_night": "$ink",
    "section": "margin:16px 0 0;font-family:$sans;font-size:12px;line-height:18px;font-weight:600;"
    "letter-spacing:1.4px;text-transform:uppercase;color:$soft",
    "list_gap": "12px",
    # an entry
    "card": "padding:22px 0",
    "between": "border-top:1px solid $rule",
    "title": "margin:0;font-size:21px;line-height:27px;font-weight:700",
    "meta": "margin:5px 0 0;font-family:$sans;font-size:13px;line-height:19px;color:$soft",
    "key_gap": "margin:12px 0 0",
    "key": "padding:0;padding-$start:14px;border-$start:3px solid $brand;font-size:17px;line-height:26px;color:$ink",
    "bar_night": "$brand",
    "rest": "margin:10px 0 0;font-size:15px;line-height:23px;color:$soft",
    "reason": "margin:12px 0 0;font-family:$sans;font-size:13px;line-height:19px;color:$soft",
    "because": "font-weight:600;color:$ink",
    "votes": "margin:6px 0 0;font-family:$sans;font-size:13px;line-height:18px",
    "pill": "display:inline-block;margin:4px 2px 0 0;padding:6px 9px;border:1px solid $rule;border-radius:17px;"
    "color:$ink;text-decoration:none",
    "pill_on_tint": "display:inline-block;margin:4px 2px 0 0;padding:6px 9px;border:1px solid $edge;border-radius:17px;"
    "color:$ink;text-decoration:none",
    "read": "display:inline-block;margin:4px 2px 0 0;padding:6px 9px;border:1px solid $ink;border-radius:17px;"
    "background:$ink;color:$sheet;text-decoration:none",
    "read_night": "background:$ink!important;background-color:$ink!important;border-color:$ink!important;"
    "color:$sheet!important",
    "pill_phone": "margin-right:0!important;margin-left:0!important;padding:9px 6px!important;"
    "border-radius:20px!important",
    "thumb_width": "112",
    "thumb": "display:block;width:112px;height:auto;max-height:112px;object-fit:cover;border:0;border-radius:6px",
    # favourites
    "count_class": "brand",
    "count_width": "64",
    "count": "width:64px;padding:14px 0;font-family:$sans;font-size:13px;line-height:22px;font-weight:600;color:$brand",
    "listed": "padding:14px 0",
    "listed_title": "margin:0;font-size:16px;line-height:22px;font-weight:700",
    "listed_note": "margin:3px 0 0;font-family:$sans;font-size:13px;line-height:19px;color:$soft",
    # the step outside
    "tinted": "padding:20px 22px 22px;border-radius:10px;background:$tint;background-color:$tint",
    "aside_title": "margin:0;font-size:18px;line-height:24px;font-weight:700",
    "aside_text": "margin:10px 0 0;font-size:15px;line-height:23px;color:$soft",
    # the end
    "more": "margin:0;font-family:$sans;font-size:15px;line-height:23px;color:$ink",
    "foot": "font-family:$sans;font-size:13px;line-height:21px;color:$soft",
    "link": "color:$ink",
    "plain": "color:$ink;text-decoration:none",
    # notices
    "notice_foot": "36px 44px 44px",
    "notice_head": "font-size:26px;line-height:32px;font-weight:400;letter-spacing:-.2px",
    "notice_text": "line-height:26px;font-size:17px",
    "notice_size": "17px",
    "notice_line": "26px",
    "button": "display:inline-block;padding:11px 20px;border-radius:8px;background:$ink;color:$sheet;"
    "font-family:$sans;font-size:15px;line-height:20px;font-weight:600;text-decoration:none",
    # pages
    "page_width": "592px",
    "page_top": "56px",
    "page_text": "17px/26px var(--serif)",
    "page_name": "600 12px/18px var(--sans)",
    "page_spacing": "1.4px",
    "page_case": "uppercase",
    "page_head": "400 40px/46px var(--serif)",
    "page_head_size": "34px",
    "page_head_line": "39px",
    "page_head_spacing": "-.4px",
    "page_title": "700 21px/27px var(--serif)",
    "page_small": "15px/23px var(--serif)",
    "page_note": "13px/20px var(--sans)",
    "page_firm": "2px solid var(--ink)",
    "page_bar": "3px solid var(--brand)",
    "page_gap": "40px",
    "page_entry": "22px",
    "page_step": "10px",
    "page_round": "8px",
}

PAPER = Theme(
    "paper",
    Ground("#f6f3ec", "#fffdf9", "#f7efe4", "#1d1b18", "#5f5a52", "#e4ddd0", "#d9cdb9", "#ffffff", "#8c8478"),
    Ground("#121110", "#1a1917", "#24211d", "#ece6da", "#a39c8f", "#35322d", "#4a463f", "#121110", "#7f786c"),
    _PAPER,
    brief=False,
    sentence=320,
)

#: White, hairlines, room: titles are large and light, and the colour stands in one place only.
MINIMAL = Theme(
    "minimal",
    Ground("#ffffff", "#ffffff", "#f6f6f6", "#161616", "#666666", "#e6e6e6", "#d4d4d4", "#ffffff", "#8a8a8a"),
    Ground("#131313", "#131313", "#1d1d1d", "#ececec", "#a0a0a0", "#303030", "#474747", "#191919", "#7c7c7c"),
    _PAPER
    | {
        "width": "600px",
        "head": "72px 36px 0",
        "side": "0 36px",
        "section_gap": "font-size:0;line-height:64px",
        "tint_gap": "font-size:0;line-height:24px",
        "more_gap": "font-size:0;line-height:32px",
        "foot_side": "72px 36px 80px",
        "name": "font-family:$sans;font-size:14px;line-height:20px;font-weight:500;color:$brand",
        "logo_size": "28",
        "mark": "display:block;border:0;height:28px;width:auto;max-width:100%",
        "date": "margin:28px 0 0;font-size:40px;line-height:46px;font-weight:400;letter-spacing:-.8px;color:$ink",
        "date_phone": "font-size:28px!important;line-height:34px!important",
        "lead_class": "soft",
        "lead": "margin:18px 0 0;font-size:17px;line-height:28px;color:$soft",
        "intro": "margin:24px 0 0;font-size:17px;line-height:28px;color:$ink",
        "firm": "border-top:1px solid $rule;font-size:0;line-height:0;height:0",
        "firm_night": "$rule",
        "section": "margin:20px 0 0;font-family:$sans;font-size:14px;line-height:20px;font-weight:500;color:$soft",
        "list_gap": "16px",
        "card": "padding:36px 0",
        "title": "margin:0;font-size:24px;line-height:31px;font-weight:400;letter-spacing:-.2px",
        "meta": "margin:8px 0 0;font-family:$sans;font-size:13px;line-height:20px;color:$soft",
        "key_gap": "margin:20px 0 0",
        "key": "padding:0;padding-$start:20px;border-$start:1px solid $ink;font-size:17px;line-height:28px;color:$ink",
        "bar_night": "$ink",
        "rest": "margin:16px 0 0;font-size:15px;line-height:25px;color:$soft",
        "reason": "margin:20px 0 0;font-family:$sans;font-size:13px;line-height:20px;color:$soft",
        "because": "font-weight:500;color:$ink",
        "votes": "margin:10px 0 0;font-family:$sans;font-size:13px;line-height:18px",
        "pill": "display:inline-block;margin:4px 2px 0 0;padding:6px 8px;border:1px solid $rule;border-radius:4px;"
        "color:$ink;text-decoration:none",
        "pill_on_tint": "display:inline-block;margin:4px 2px 0 0;padding:6px 8px;border:1px solid $edge;"
        "border-radius:4px;color:$ink;text-decoration:none",
        "read": "display:inline-block;margin:4px 2px 0 0;padding:6px 8px;border:1px solid $ink;border-radius:4px;"
        "color:$ink;text-decoration:none",
        "read_night": "border-color:$ink!important;color:$ink!important",
        "pill_phone": "margin-right:0!important;margin-left:0!important;padding:9px 6px!important",
        "thumb": "display:block;width:112px;height:auto;max-height:112px;object-fit:cover;border:0",
        "count_class": "soft",
        "count": "width:64px;padding:18px 0;font-family:$sans;font-size:13px;line-height:24px;color:$soft",
        "listed": "padding:18px 0",
        "listed_title": "margin:0;font-size:17px;line-height:24px;font-weight:400",
        "listed_note": "margin:5px 0 0;font-family:$sans;font-size:13px;line-height:20px;color:$soft",
        "tinted": "padding:30px 32px 32px;background:$tint;background-color:$tint",
        "aside_title": "margin:0;font-size:20px;line-height:27px;font-weight:400",
        "aside_text": "margin:14px 0 0;font-size:15px;line-height:25px;color:$soft",
        "foot": "font-family:$sans;font-size:13px;line-height:22px;color:$soft",
        "notice_foot": "56px 36px 56px",
        "notice_head": "font-size:30px;line-height:37px;font-weight:400;letter-spacing:-.5px",
        "notice_text": "line-height:28px;font-size:17px",
        "notice_line": "28px",
        "button": "display:inline-block;padding:12px 20px;border-radius:4px;background:$ink;color:$sheet;"
        "font-family:$sans;font-size:15px;line-height:20px;font-weight:500;text-decoration:none",
        "page_width": "568px",
        "page_top": "96px",
        "page_text": "17px/28px var(--serif)",
        "page_name": "500 14px/20px var(--sans)",
        "page_spacing": "0",
        "page_case": "none",
        "page_head": "400 44px/51px var(--serif)",
        "page_head_spacing": "-.9px",
        "page_title": "400 23px/30px var(--serif)",
        "page_small": "15px/25px var(--serif)",
        "page_firm": "1px solid var(--rule)",
        "page_bar": "1px solid var(--ink)",
        "page_gap": "64px",
        "page_entry": "32px",
        "page_step": "14px",
        "page_round": "4px",
    },
    brief=False,
    sentence=320,
)

#: A page to scan: small sans, an entry in four lines, its reason and its votes in one of them.
DENSE = Theme(
    "dense",
    Ground("#eef0f1", "#ffffff", "#f2f5f6", "#15181a", "#556068", "#dde2e5", "#c8d0d5", "#ffffff", "#7f8a91"),
    Ground("#0d0f10", "#15181a", "#1e2326", "#e3e7e9", "#98a3aa", "#2b3135", "#424b50", "#0f1213", "#76828a"),
    _PAPER
    | {
        "letters": "$sans",
        "width": "720px",
        "head": "20px 24px 0",
        "side": "0 24px",
        "section_gap": "font-size:0;line-height:16px",
        "tint_gap": "font-size:0;line-height:8px",
        "more_gap": "font-size:0;line-height:12px",
        "foot_side": "18px 24px 24px",
        "phone_side": "14px",
        "name": "font-size:12px;line-height:16px;font-weight:700;color:$brand",
        "logo_size": "22",
        "mark": "display:block;border:0;height:22px;width:auto;max-width:100%",
        "date": "margin:2px 0 0;font-size:20px;line-height:26px;font-weight:700;letter-spacing:-.2px;color:$ink",
        "date_phone": "font-size:20px!important",
        "lead": "margin:4px 0 0;font-size:13px;line-height:18px;color:$ink",
        "intro": "margin:8px 0 0;font-size:13px;line-height:18px;color:$ink",
        "firm": "border-top:1px solid $ink;font-size:0;line-height:0;height:0",
        "section": "margin:6px 0 2px;font-size:11px;line-height:16px;font-weight:700;"
        "letter-spacing:.6px;text-transform:uppercase;color:$soft",
        "list_gap": "4px",
        "card": "padding:5px 0 6px;line-height:18px",
        "title": "display:inline;margin:0;font-size:14px;line-height:18px;font-weight:600",
        "meta": "display:inline;margin:0;padding-$start:5px;font-size:12px;line-height:18px;color:$soft",
        "key_gap": "margin:2px 0 0",
        "key": "padding:0;padding-$start:8px;border-$start:2px solid $brand;font-size:13px;line-height:17px;color:$ink",
        "rest": "margin:2px 0 0;font-size:12px;line-height:17px;color:$soft",
        "reason": "display:inline;margin:0 6px 0 0;font-size:12px;line-height:18px;color:$soft",
        "votes": "float:$end;margin:2px 0 0;font-size:11px;line-height:18px",
        "pill": "display:inline-block;padding:0 3px;border:1px solid $rule;border-radius:8px;line-height:14px;"
        "color:$ink;text-decoration:none",
        "pill_on_tint": "display:inline-block;padding:0 3px;border:1px solid $edge;border-radius:8px;"
        "line-height:14px;color:$ink;text-decoration:none",
        "pill_phone": "margin-top:6px!important;padding:6px 9px!important;border-radius:14px!important",
        "thumb_width": "60",
        "thumb": "display:block;width:60px;height:auto;max-height:36px;object-fit:cover;border:0;border-radius:3px",
        "count_width": "60",
        "count": "width:60px;padding:5px 0;font-size:12px;line-height:18px;font-weight:600;color:$brand",
        "listed": "padding:5px 0",
        "listed_title": "margin:0;font-size:14px;line-height:18px;font-weight:600",
        "listed_note": "margin:0;font-size:12px;line-height:17px;color:$soft",
        "tinted": "padding:8px 10px 10px;line-height:18px;border-radius:6px;background:$tint;background-color:$tint",
        "aside_title": "display:inline;margin:0;font-size:14px;line-height:18px;font-weight:600",
        "aside_text": "margin:2px 0 4px;font-size:13px;line-height:18px;color:$soft",
        "more": "margin:0;font-size:13px;line-height:18px;color:$ink",
        "foot": "font-size:12px;line-height:18px;color:$soft",
        "notice_foot": "24px 24px 24px",
        "notice_head": "font-size:19px;line-height:25px;font-weight:700",
        "notice_text": "line-height:22px;font-size:15px",
        "notice_size": "15px",
        "notice_line": "22px",
        "button": "display:inline-block;padding:8px 16px;border-radius:6px;background:$ink;color:$sheet;"
        "font-size:14px;line-height:20px;font-weight:600;text-decoration:none",
        "page_width": "680px",
        "page_top": "28px",
        "page_text": "15px/22px var(--sans)",
        "page_name": "700 12px/16px var(--sans)",
        "page_spacing": "0",
        "page_case": "none",
        "page_head": "700 24px/30px var(--sans)",
        "page_head_size": "22px",
        "page_head_line": "28px",
        "page_head_spacing": "-.2px",
        "page_title": "600 15px/21px var(--sans)",
        "page_small": "13px/19px var(--sans)",
        "page_note": "12px/18px var(--sans)",
        "page_firm": "1px solid var(--ink)",
        "page_bar": "2px solid var(--brand)",
        "page_gap": "24px",
        "page_entry": "9px",
        "page_step": "3px",
        "page_round": "6px",
    },
    brief=True,
    sentence=150,
)

THEMES = {theme.name: theme for theme in (PAPER, MINIMAL, DENSE)}
