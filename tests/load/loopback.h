/* loopback: what the loads that open their own sockets share. */
#pragma once
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program with what errno says of it. */
static inline int die(const char *what)
{
    perror(what);
    exit(1);
}

static inline struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
        die(text);
    return a;
}
