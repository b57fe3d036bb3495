"""pages: somebody with a browser and an account, who fills in whatever form a server shows."""
import html.parser
import urllib.parse

from .glewlwyd import Browser


class Form(html.parser.HTMLParser):
    """The first form of a page: action, method, and its fields as {name: value}."""

    def __init__(self, page):
        super().__init__()
        self.found, self.action, self.method, self.fields = False, "", "GET", {}
        self._inside = self._done = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and not self._done:
            self.found = self._inside = True
            self.action = attrs.get("action") or ""
            self.method = (attrs.get("method") or "get").upper()
        elif tag == "input" and self._inside and attrs.get("name"):
            self.fields[attrs["name"]] = attrs.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form" and self._inside:
            self._inside, self._done = False, True


class FormPerson:
    """Logs in and consents on the server's own pages; `answers` is what goes into which field."""

    def __init__(self, username, password):
        self.browser = Browser()
        self.answers = {"login": username, "username": username, "password": password}

    def _submit(self, url, form):
        fields = {name: self.answers.get(name, value) for name, value in form.fields.items()}
        data = urllib.parse.urlencode(fields)
        target = urllib.parse.urljoin(url, form.action)
        if form.method == "GET":
            return target, self.browser.send("GET", target.split("?")[0] + "?" + data)
        return target, self.browser.send(
            "POST", target, data.encode(),
            {"Content-Type": "application/x-www-form-urlencoded"})

    def walk(self, url, until):
        """Follows redirects and fills in forms until until(url, page or None) holds; returns
        (url, page)."""
        answer = self.browser.send("GET", url)
        for _ in range(20):
            status, headers, body = answer
            if status in (302, 303, 307) and headers.get("Location"):
                url = urllib.parse.urljoin(url, headers["Location"])
                if until(url, None):
                    return url, None
                answer = self.browser.send("GET", url)
                continue
            page = body.decode()
            if status == 200 and until(url, page):
                return url, page
            form = Form(page)
            if status != 200 or not form.found:
                raise RuntimeError("%s answered %d %s" % (url, status, page[-600:]))
            url, answer = self._submit(url, form)
        raise RuntimeError("there is no end of pages: " + url)

    def authorize(self, url, client_id, scopes, redirect_uri):
        """Opens an authorization URL and returns the URL that leads back to the app."""
        return self.walk(url, lambda at, _: at.startswith(redirect_uri))[0]

    def approve(self, uri, user_code, done):
        """Types a device's code in; `done` is what the last page says."""
        self.answers["user_code"] = user_code
        self.walk(uri, lambda _, page: page is not None and done in page)
