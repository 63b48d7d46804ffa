"""A browser of 1996: it asks for pages, keeps cookies if it is told to, fills in forms, and knows no scripts."""

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPMessage
from http.cookiejar import CookieJar

_EMPTY = frozenset({"meta", "link", "input", "img", "br"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})


@dataclass
class Node:
    """An element with its attributes, the words in it, and what stands above it."""

    tag: str
    attributes: dict[str, str]
    above: "tuple[Node, ...]"
    words: str = ""

    def within(self, tag: str = "", **attributes: str) -> bool:
        """Whether it stands within such an element; `class_` is a word of the class."""
        return any(node.matches(tag, **attributes) for node in self.above)

    def matches(self, tag: str = "", **attributes: str) -> bool:
        """Whether it is such an element."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return tag in ("", self.tag) and all(value in self.attributes.get(name, "").split() for name, value in wanted.items())


@dataclass
class Page(HTMLParser):
    """A page as it came: status, headers, text, and its elements in order."""

    status: int
    headers: HTTPMessage
    text: str
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Node] = []
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.nodes.append(node)
        if tag not in _EMPTY:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for node in self._open:
            node.words += data

    def all(self, tag: str = "", **attributes: str) -> list[Node]:
        """All such elements."""
        return [node for node in self.nodes if node.matches(tag, **attributes)]

    def one(self, tag: str = "", **attributes: str) -> Node:
        """The first of such elements."""
        return self.all(tag, **attributes)[0]

    @property
    def title(self) -> str:
        return self.one("title").words

    @property
    def ids(self) -> list[str]:
        return [node.attributes["id"] for node in self.nodes if "id" in node.attributes]

    @property
    def headings(self) -> list[int]:
        """The levels of the headings, in order."""
        return [int(node.tag[1]) for node in self.nodes if node.tag in _HEADINGS]

    @property
    def addresses(self) -> list[str]:
        """Everything that is loaded or linked."""
        return [node.attributes[name] for node in self.nodes for name in ("href", "src", "action") if name in node.attributes]

    @property
    def hidden(self) -> dict[str, str]:
        """What every form on the page sends along."""
        return {node.attributes["name"]: node.attributes["value"] for node in self.nodes if node.attributes.get("type") == "hidden"}

    @property
    def typed(self) -> str:
        """What stands in the field for a sentence."""
        return self.one("input", id="text").attributes["value"]

    @property
    def notice(self) -> str:
        """What went wrong, if anything did."""
        found = self.all("p", class_="note")
        return found[0].words if found else ""

    @property
    def replies(self) -> list[str]:
        """The words of the newest answer, reply by reply, as the API gives them."""
        bubbles = [node for node in self.all("div", class_="bubble") if node.within(id="now")]
        lines = [node for node in self.all("p") if not node.within("details")]
        return ["\n".join(line.words for line in lines if bubble in line.above) for bubble in bubbles]

    @property
    def choices(self) -> list[dict[str, str]]:
        """The buttons under the newest answer, as the API gives them."""
        return [{"key": node.attributes["value"], "label": node.words} for node in self.all("button", name="choice")]


class Reader:
    """Somebody with such a browser."""

    def __init__(self, address: str, *, cookies: bool = True) -> None:
        self.address, self.jar = address, CookieJar()
        self._opener = urllib.request.build_opener(*([urllib.request.HTTPCookieProcessor(self.jar)] if cookies else []))

    def open(self, path: str, **headers: str) -> Page:
        """Follow a link."""
        return self._ask(urllib.request.Request(self.address + path), headers)

    def send(self, page: Page, /, *, headers: dict[str, str] | None = None, **said: str) -> Page:
        """Send one of the forms of a page: text=…, choice=… or action=…."""
        return self.post("/plain", page.hidden | said, headers=headers)

    def post(self, path: str, said: dict[str, str], *, headers: dict[str, str] | None = None) -> Page:
        """Send a form."""
        return self._ask(urllib.request.Request(self.address + path, urllib.parse.urlencode(said).encode()), headers or {})

    def fetch(self, path: str, said: dict[str, str]) -> tuple[str, bytes]:
        """Send a form that is answered with a file: its kind and what is in it."""
        with self._opener.open(self.address + path, urllib.parse.urlencode(said).encode(), timeout=20) as response:
            return response.headers.get_content_type(), response.read()

    def _ask(self, request: urllib.request.Request, headers: dict[str, str]) -> Page:
        request.add_header("Accept", "text/html")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with self._opener.open(request, timeout=20) as response:
                return Page(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.code, error.headers, error.read().decode())
