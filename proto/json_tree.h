/* json_tree: the tree that json_parse_object makes, in memory of the caller's. */
#pragma once
#include <stddef.h>

#include "json.h"

/* Hands out memory, aligned for anything, that lives as long as the tree; NULL when there is none.
 */
typedef void *json_alloc_fn(void *arg, size_t size);

/* As json_parse_object, but cJSON_Delete has nothing to do with this tree. */
enum status json_tree_read(struct slice text, const struct json_limits *limits,
                           json_alloc_fn *alloc, void *arg, cJSON **out) MUST_USE;

/* Enough for a tree within the limits of tokens: their values and, with its end, each string. */
enum {
    JSON_TOKEN_ITEMS = 128,
    JSON_TOKEN_LEN = 4 * 1024,
    JSON_TOKEN_TREE =
        JSON_TOKEN_ITEMS * (int)(sizeof(cJSON) + 2 * _Alignof(max_align_t)) + JSON_TOKEN_LEN
};
struct json_token_tree {
    size_t used;
    _Alignas(max_align_t) uint8_t bytes[JSON_TOKEN_TREE];
};
/* With JSON_TOKEN_LIMITS. What `memory` held is gone. */
enum status json_tree_read_token(struct slice text, struct json_token_tree *memory,
                                 cJSON **out) MUST_USE;

/* No name twice in an object, at any depth, and numbers that a double can hold. */
enum status json_check_tree(const cJSON *root) MUST_USE;
