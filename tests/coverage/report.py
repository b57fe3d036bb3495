"""report: which share of the lines has run, by folder and for what reads foreign bytes, from gcovr's
summary (a file or "-"). Ends with 1 below the floors."""
import argparse
import collections
import fnmatch
import json
import os
import sys

# What reads bytes that came from others, or files that a person wrote. A pattern that matches
# nothing is an error: a parser that was renamed does not drop out of the account.
PARSERS = {
    "HTTP": ("proto/http1_body.c", "proto/http1_head.c", "proto/http1_text.c", "proto/http_date.c",
             "client-sdk/src/http_message.c", "client-sdk/src/retry_after.c"),
    "PROXY, addresses": ("server/proxy_header.c", "server/forwarded.c"),
    "URLs, forms": ("proto/url.c", "proto/form.c"),
    "text codings": ("proto/base64url.c", "proto/hex.c", "proto/utf8.c", "proto/bytes.c",
                     "proto/reader.c"),
    "JSON": ("proto/json.c", "proto/json_check.c", "proto/json_scan.c", "proto/json_splice.c"),
    "JWT": ("proto/jwt_verify.c", "proto/integrity_token.c", "proto/pop.c", "proto/dpop.c",
            "proto/device_token_verify.c"),
    "JWE": ("proto/jwe_decrypt.c", "proto/jwe_derive.c"),
    "JWK": ("proto/jwk*.c", "server/public_keys.c", "mediator/metadata.c"),
    "messages": ("proto/msg_*.c", "proto/frame.c"),
    "Noise": ("proto/noise.c", "proto/noise_record.c"),
    "ELF": ("proto/elf_image.c", "proto/build_id.c", "attestd/elf_dynamic.c", "attestd/imports.c"),
    "evidence": ("proto/report.c", "attestd/verifier_*.c", "attestd/appraise.c",
                 "client-sdk/src/self_maps.c"),
    "Redis": ("server/redis_slots.c", "server/redis_url.c", "server/redis_connection.c",
              "server/redis_pubsub.c"),
    "configuration": ("server/config*.c", "mediator/settings*.c"),
    "registry": ("attestd/registry*.c", "attestd/policy.c", "attestd/recorded.c",
                 "mediator/device_registry.c", "server/keyring.c"),
    "devices": ("mediator/device_wish.c", "mediator/device_details.c", "mediator/device_request.c",
                "client-sdk/src/grant*.c", "device-sdk/src/*.c"),
}
PARSERS_FLOOR, WHOLE_FLOOR = 90.0, 85.0


class Share:
    def __init__(self):
        self.ran = self.lines = 0

    def add(self, file):
        self.ran += file["line_covered"]
        self.lines += file["line_total"]

    @property
    def percent(self):
        return 100.0 * self.ran / self.lines if self.lines else 0.0

    def row(self, name):
        return "%-28s %7d %7d %7.1f %%" % (name, self.lines, self.ran, self.percent)


def by_folder(files):
    shares = collections.OrderedDict()
    for file in sorted(files, key=lambda f: f["filename"]):
        shares.setdefault(os.path.dirname(file["filename"]), Share()).add(file)
    return shares


def by_parser(files):
    """(shares, the files of all of them)"""
    shares, seen = collections.OrderedDict(), {}
    for name, patterns in PARSERS.items():
        share = shares[name] = Share()
        for pattern in patterns:
            found = [f for f in files if fnmatch.fnmatch(f["filename"], pattern)]
            if not found:
                sys.exit("no file of the build is called %s" % pattern)
            for file in found:
                share.add(file)
                seen[file["filename"]] = file
    return shares, list(seen.values())


def total(files):
    share = Share()
    for file in files:
        share.add(file)
    return share


def table(title, shares):
    print("%-28s %7s %7s" % (title, "lines", "ran"))
    for name, share in shares.items():
        print(share.row(name))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("summary")
    options.add_argument("--below", type=float, default=85.0, metavar="PERCENT",
                         help="name the files below this (default: %(default)s)")
    options = options.parse_args()
    with sys.stdin if options.summary == "-" else open(options.summary) as f:
        files = [f for f in json.load(f)["files"] if f["line_total"]]
    table("folder", by_folder(files))
    shares, of_parsers = by_parser(files)
    print()
    table("parser", shares)
    print()
    for file in sorted(files, key=lambda f: f["line_percent"]):
        if file["line_percent"] < options.below:
            print("low: %-40s %5.1f %% of %d" % (file["filename"], file["line_percent"],
                                                 file["line_total"]))
    whole, parsers = total(files), total(of_parsers)
    low = [name for name, share in shares.items() if share.percent < PARSERS_FLOOR]
    print()
    print(parsers.row("parsers") + "   (each at least %g %%)" % PARSERS_FLOOR)
    print(whole.row("whole") + "   (at least %g %%)" % WHOLE_FLOOR)
    if low:
        print("too low: " + ", ".join(low))
    return 1 if low or whole.percent < WHOLE_FLOOR else 0


if __name__ == "__main__":
    sys.exit(main())
