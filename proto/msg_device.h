/* msg_device: the kinds of messages inside the records of the two channels, told by their first
 * byte. Between device and mediator 1 to 15, between app and device from 16 on, so that neither is
 * ever taken for the other. */
#pragma once
#include "reader.h"

enum device_message {
    DEVICE_READY = 1,        /* device: first record, msg_device_ready */
    DEVICE_PING = 2,         /* either: msg_device_beat */
    DEVICE_PONG = 3,         /* either */
    DEVICE_GRANT = 4,        /* mediator: msg_grant */
    DEVICE_GRANT_ACK = 5,    /* device: msg_grant_ack */
    DEVICE_GRANT_REVOKE = 6, /* mediator: msg_grant_revoke */
    DEVICE_COMMAND = 16,     /* app: msg_command */
    DEVICE_ANSWER = 17       /* device: msg_command */
};

/* Of the longest message of the link: a grant with the longest scope. */
enum { DEVICE_LINK_MESSAGE_MAX = 384 };

/* The kind of a decrypted record, 0 if it is empty. */
unsigned device_message_kind(struct slice message);

/* A reader behind the first byte, bad if that is not `kind`. */
struct reader device_message_begin(struct slice message, enum device_message kind);
