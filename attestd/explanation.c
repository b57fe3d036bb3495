#include "explanation.h"

#include <string.h>

struct row {
    const char *words; /* that the reason holds */
    struct explanation explanation;
};

/* The first that fits. A kind's row stands before what is said of any probe. */
static const struct row rows[] = {
    { "unknown client or build",
      { "No such app is registered here, or not this binary of it.",
        "If you ship it, register exactly that file: attestctl build add. Otherwise somebody runs "
        "a "
        "changed or foreign binary under your client id, and was refused." } },
    { "another instance key",
      { "The challenge was given to one installation and answered by another.",
        "A relayed or stolen challenge. A genuine app does this only if it lost its key between "
        "the two requests." } },
    { "build is revoked",
      { "This build was revoked.",
        "Its users need an update. attestctl build activate lets it pass again." } },
    { "build is deprecated",
      { "This build passes, but was marked as one to be replaced.",
        "Revoke it once few enough of these lines come." } },
    { "answered too late",
      { "The answer came after the policy's answer_deadline.",
        "Slow devices and networks do this, and so does somebody who needs time to work an answer "
        "out. If it is many genuine users: attestctl policy set APP answer_deadline=SECONDS." } },
    { "probe that was not asked",
      { "The answer holds evidence that this challenge did not ask for.",
        "No SDK of ours does this: it was made by hand, or mixed from several answers." } },
    { "unknown, expired or consumed",
      { "There is no such challenge any more: it was answered before, or its time has passed, or "
        "it "
        "never was.",
        "A replay, or a client that was slow or sent its answer twice. If it is many genuine "
        "users, "
        "look at the challenge's ttl and at whether all attestd share one store." } },
    { "challenge of another version",
      { "The challenge was issued by an attestd of another version on the same store.",
        "Harmless during an upgrade: the app asks anew. Otherwise look who uses your store." } },
    { "not a message that answers",
      { "The request was no attestation message: malformed, too large, or with members that are "
        "not "
        "known.",
        "Somebody tries things, or an SDK of another version is at work." } },
    { "not answered",
      { "The app did not answer this probe.",
        "An old SDK that does not know the kind, or an app that will not tell. Set the kind to "
        "report until old versions are gone." } },
    { "memory probe of",
      { "The code or constants in the running process are not those of the registered build: a "
        "patch, an inline hook or a breakpoint, in that module.",
        "If it comes from one instance: a tampered or debugged app. From all of a version: the "
        "registered file is not the one that was shipped." } },
    { "file probe of",
      { "The file that runs is not the one that was registered: replaced, patched or repackaged, "
        "that module of it.",
        "If it comes from all instances of a version, register the file as it is shipped, after "
        "signing and stripping: attestctl build add." } },
    { "maps probe of",
      { "Code is mapped into the process that is not the app's: an injected library, or memory "
        "that is writable and executable.",
        "An overlay, an accessibility tool or an attack. If it is wanted, the policy can allow "
        "more "
        "mappings." } },
    { "imports probe of",
      { "A function that the app calls leads elsewhere than to the library that has it: a hook in "
        "its import table.",
        "A hooking tool, or a preloaded library." } },
    { "debugger probe",
      { "A debugger or tracer is attached to the app.",
        "Developers of the app see this with builds that they debug: use an app of its own, with "
        "debugger=report, for them." } },
    { "preload probe",
      { "Libraries were forced into the app when it was started (LD_PRELOAD and the like).",
        "A tool of the user's, or an attack." } },
    { "the token does not fit",
      { "The token would have been too long.", "Shorten the app's name or the build's label." } },
    { "unavailable",
      { "The store could not be asked, so nothing was vouched for.",
        "Look at /readyz and at the store." } },
};

struct explanation explanation_of(struct slice reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (memmem(reason.data, reason.len, rows[i].words, strlen(rows[i].words)))
            return rows[i].explanation;
    return (struct explanation){ "", "" };
}
