/* rewrite: the client's form, as upstream may see it: without the client's own
 * authentication, and otherwise byte for byte and in order. */
#pragma once
#include "form.h"

/* ST_INVALID if a name is none that RFC 6749 allows (Appendix A), or one that a
 * server may read as another than we do: PHP reads "grant.type" as
 * "grant_type", ASP.NET "Scope" as "scope", and some take ';' for '&'. What the
 * gate decides on must be what upstream reads. */
enum status rewrite_admit(const struct form *form) MUST_USE;

/* True for the parameters of a client's own authentication. */
bool rewrite_drops(struct slice name);

/* Bytes that suffice for what remains. */
size_t rewrite_room(const struct form *in);
/* Appends what remains; `full` tells overflow. It never grows. */
void rewrite_form(const struct form *in, struct writer *out);
