"""chromium: a real headless Chromium, driven over its DevTools pipe the way a person drives it: by
mouse and keyboard, on what is to be seen."""
import base64
import json
import os
import select
import time

from .process import Child, StartError

# It runs as root in containers, where there is no sandbox; nothing goes to anybody else's machine.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--disable-dev-shm-usage", "--remote-debugging-pipe", "--window-size=1000,1400")
# The middle of the first element that matches and can be seen, or null.
MIDDLE = """(() => {
  const seen = [...document.querySelectorAll(%s)].find((e) => e.checkVisibility() && !e.disabled);
  if (!seen || document.readyState !== 'complete') return null;
  seen.scrollIntoView({ block: 'center' });
  const box = seen.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""


class Chromium:
    """One page. `seconds` is how long it waits for whatever it is told to wait for."""

    def __init__(self, folder, seconds=60):
        self.seconds, self.next_id, self.buffer = seconds, 0, b""
        os.makedirs(folder, exist_ok=True)
        read_end, self.to = os.pipe()
        self.back, write_end = os.pipe()
        os.set_inheritable(read_end, True)
        os.set_inheritable(write_end, True)
        words = ["chromium", *OPTIONS, "--user-data-dir=" + os.path.join(folder, "profile"),
                 "about:blank"]
        # DevTools are spoken on descriptors 3 and 4.
        self.child = Child(["bash", "-c", 'exec 3<&%d 4>&%d; exec "$0" "$@"'
                            % (read_end, write_end), *words],
                           os.path.join(folder, "chromium.log"), close_fds=False)
        os.close(read_end)
        os.close(write_end)
        try:
            self._attach()
        except BaseException:
            self.stop()
            raise

    def _attach(self):
        self.session = None
        page = self._page()
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.call("Page.enable")

    def _page(self):
        pages = [t["targetId"] for t in self.call("Target.getTargets")["targetInfos"]
                 if t["type"] == "page"]
        return pages[0] if pages else self.call("Target.createTarget", url="about:blank")["targetId"]

    def call(self, method, **params):
        """One DevTools command; its result."""
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.seconds
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self.next_id:
                continue
            if "error" in answer:
                raise RuntimeError("%s: %s" % (method, answer["error"]["message"]))
            return answer["result"]

    def _receive(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                raise StartError("Chromium says nothing: " + self.child.output()[-2000:])
            part = os.read(self.back, 65536)
            if not part:
                raise StartError("Chromium ended: " + self.child.output()[-2000:])
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def evaluate(self, script):
        """The value of an expression on the page, or None while the page is being replaced."""
        try:
            answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        except RuntimeError:
            return None
        return answer["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def location(self):
        return self.evaluate("location.href") or ""

    def wait_for(self, condition, what):
        """Until condition() is true; its value."""
        deadline = time.monotonic() + self.seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise RuntimeError("gave up waiting for %s at %s, which shows:\n%s" % (
                    what, self.location(), self.evaluate("document.body.innerText")))
            time.sleep(0.1)

    def sees(self, selector):
        """Where it is, once it has stopped moving: pages grow while they load."""
        where = self.evaluate(MIDDLE % json.dumps(selector))
        time.sleep(0.1)
        return where if where == self.evaluate(MIDDLE % json.dumps(selector)) else None

    def click(self, selector):
        x, y = self.wait_for(lambda: self.sees(selector), selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector, text):
        """Clicks into a field, and types, until it is there."""
        value = "document.querySelector(%s).value" % json.dumps(selector)
        self.wait_for(lambda: self._try_type(selector, text) and self.evaluate(value) == text,
                      "what was typed into " + selector)

    def _try_type(self, selector, text):
        self.click(selector)
        self.evaluate("document.activeElement.select?.()")
        for char in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=char, key=char)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=char)
        return True

    def screenshot(self, path):
        """For whoever looks into a test that failed."""
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def stop(self):
        self.child.stop()
        os.close(self.to)
        os.close(self.back)
