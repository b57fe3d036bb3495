#include "victim_shop.h"

enum { PRICE = 100, FREE = 7 };

int victim_price(void)
{
    return PRICE;
}

int victim_free(void)
{
    return FREE;
}
