#include "victim_part.h"

enum { PART_PRICE = 50 };

int victim_part_price(void)
{
    return PART_PRICE;
}
