"""Pages of the documentation: their blocks, their commands, and what a reader sees of their HTML."""

import re
import shlex
import textwrap
from collections import defaultdict
from html.parser import HTMLParser

from conftest import REPOSITORY

PAGES = sorted(REPOSITORY.glob("docs/**/*.md"))
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]


def blocks(page, language):
    """Fenced blocks of a page, those in lists too."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def commands(text):
    """Every `dfcan-bmz ...` that stands on a line of its own, continued lines joined, as lists of arguments."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.strip().startswith("dfcan-bmz ")]


class Page(HTMLParser):
    """What a page says, whatever the theme wraps around it.

    Its text, that of lists, their items and blocks of code, and of paragraphs up to their first tag; ids, and where
    links lead.
    """

    def __init__(self):
        super().__init__()
        self.text, self.parts, self.ids, self.links = "", defaultdict(list), set(), set()
        self._open, self._latest = [], ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        self.links.add(found.get("href"))
        self._latest = tag
        if tag in ("li", "ol", "pre"):
            self._open.append((tag, len(self.text)))

    def handle_endtag(self, tag):
        self._latest = ""
        if self._open and self._open[-1][0] == tag:
            self.parts[tag].append(self.text[self._open.pop()[1] :].strip())

    def handle_data(self, data):
        self.text += data
        if self._latest == "p":
            self.parts["p"].append(data)


def parsed(html):
    page = Page()
    page.feed(html)
    return page
