"""The laws of merging, and the checks with which you prove that your own rules, policies and platform keep them.

Each check looks for the smallest example that breaks a law. You call it in a test of your own::

    from clientportal.testing.laws import check_survivorship

    def test_our_rule() -> None:
        print(check_survivorship(our_rule))

It returns a :class:`Checked`: for each law, on how many examples it was asked. A law that is broken makes it raise
:class:`LawBroken`, whose text names the law, tells the example in words (who there is, with which contacts, who was
merged into whom, what was asked), and what was answered. The numbers of the laws are those of the documentation; the
same examples are used every time, so that a failure stays one.

* rules over values: :func:`check_survivorship`, :func:`check_merge_rule`, :func:`check_tie_break`;
* rules over who looks like whom: :func:`check_name_comparison`, :func:`check_matching`, :func:`check_grouping`;
* the rule that opens records to accounts: :func:`check_link_rule`;
* a business's policy: :func:`check_policy`;
* a whole portal over your platform: :func:`check_world`.
"""

from __future__ import annotations

from clientportal.testing.laws.linking import check_link_rule
from clientportal.testing.laws.matching import (
    Alike,
    GroupRule,
    PairRule,
    check_grouping,
    check_matching,
    check_name_comparison,
)
from clientportal.testing.laws.platforms import Ground, Platform, ShippedPlatform, over
from clientportal.testing.laws.policies import OfferOf, check_policy
from clientportal.testing.laws.statements import LAWS, LAWS_OF_RULES, Checked, LawBroken, law_in_words
from clientportal.testing.laws.survivorship import (
    Choose,
    MergeRule,
    TieBreak,
    check_merge_rule,
    check_survivorship,
    check_tie_break,
)
from clientportal.testing.laws.worlds import check_world

__all__ = [
    "LAWS",
    "LAWS_OF_RULES",
    "Alike",
    "Checked",
    "Choose",
    "Ground",
    "GroupRule",
    "LawBroken",
    "MergeRule",
    "OfferOf",
    "PairRule",
    "Platform",
    "ShippedPlatform",
    "TieBreak",
    "check_grouping",
    "check_link_rule",
    "check_matching",
    "check_merge_rule",
    "check_name_comparison",
    "check_policy",
    "check_survivorship",
    "check_tie_break",
    "check_world",
    "law_in_words",
    "over",
]
