#include "http_date.h"

#include <string.h>

struct date {
    int64_t year;
    int month, day, hour, minute, second; /* month from 1 */
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "MonTueWedThuFriSatSun";
static const char *const long_days[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday" };

/* Days since the epoch of a day of the Gregorian calendar; years that begin in March put the
 * leap day last. */
static int64_t days_of(const struct date *d)
{
    int64_t year = d->month <= 2 ? d->year - 1 : d->year;
    int64_t month = (d->month + 9) % 12;

    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d->day - 1 -
           719468;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_possible(const struct date *d)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return d->day >= 1 && d->day <= lengths[d->month - 1] + (d->month == 2 && is_leap(d->year)) &&
           d->hour <= 23 && d->minute <= 59 && d->second <= 60; /* a leap second */
}

static bool digits_at(struct slice text, size_t at, size_t len, int64_t *out)
{
    uint64_t value;

    if (slice_to_u64((struct slice){ text.data + at, len }, 9999, &value))
        return false;
    *out = (int64_t)value;
    return true;
}

static bool number_at(struct slice text, size_t at, int *out)
{
    int64_t value;

    if (!digits_at(text, at, 2, &value))
        return false;
    *out = (int)value;
    return true;
}

/* The three letters at `at` in a row of such names; 0 if they are in none. */
static int name_at(struct slice text, size_t at, const char *names)
{
    for (int i = 0; names[3 * i]; i++)
        if (memcmp(text.data + at, names + 3 * i, 3) == 0)
            return i + 1;
    return 0;
}

static bool is_at(struct slice text, size_t at, const char *what)
{
    return memcmp(text.data + at, what, strlen(what)) == 0;
}

static bool time_at(struct slice text, size_t at, struct date *d)
{
    return number_at(text, at, &d->hour) && is_at(text, at + 2, ":") &&
           number_at(text, at + 3, &d->minute) && is_at(text, at + 5, ":") &&
           number_at(text, at + 6, &d->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_fixed(struct slice t, struct date *d)
{
    if (t.len != 29 || !name_at(t, 0, days) || !is_at(t, 3, ", ") || !number_at(t, 5, &d->day) ||
        !is_at(t, 7, " ") || !is_at(t, 11, " ") || !is_at(t, 16, " ") || !is_at(t, 25, " GMT"))
        return false;
    d->month = name_at(t, 8, months);
    return d->month && digits_at(t, 12, 4, &d->year) && time_at(t, 17, d);
}

/* Sunday, 06-Nov-94 08:49:37 GMT, with the year still of two digits */
static bool read_rfc850(struct slice t, struct date *d)
{
    struct slice day = slice_cut(&t, ',');
    bool known = false;

    for (size_t i = 0; i < sizeof long_days / sizeof long_days[0]; i++)
        known = known || slice_is(day, long_days[i]);
    if (!known || t.len != 23 || !is_at(t, 0, " ") || !number_at(t, 1, &d->day) ||
        !is_at(t, 3, "-") || !is_at(t, 7, "-") || !is_at(t, 10, " ") || !is_at(t, 19, " GMT"))
        return false;
    d->month = name_at(t, 4, months);
    return d->month && digits_at(t, 8, 2, &d->year) && time_at(t, 11, d);
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(struct slice t, struct date *d)
{
    if (t.len != 24 || !name_at(t, 0, days) || !is_at(t, 3, " ") || !is_at(t, 7, " ") ||
        !is_at(t, 10, " ") || !is_at(t, 19, " "))
        return false;
    int64_t day;
    bool one = t.data[8] == ' ';
    d->month = name_at(t, 4, months);
    if (!d->month || !digits_at(t, one ? 9 : 8, one ? 1 : 2, &day))
        return false;
    d->day = (int)day;
    return time_at(t, 11, d) && digits_at(t, 20, 4, &d->year);
}

static int64_t seconds_of(const struct date *d)
{
    return ((days_of(d) * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

/* "MUST interpret a timestamp that appears to be more than 50 years in the future as representing
 * the most recent year in the past that had the same last two digits." */
static void find_century(struct date *d, int64_t now)
{
    const int64_t fifty_years = INT64_C(50) * 31556952;
    int64_t short_year = d->year;

    d->year = 1900 + short_year;
    while (seconds_of(&(struct date){ .year = d->year + 100, .month = d->month, .day = d->day }) -
               now <=
           fifty_years)
        d->year += 100;
}

enum status http_date_read(struct slice text, int64_t now, int64_t *out)
{
    struct date d = { .year = 0 };
    bool good = read_fixed(text, &d) || read_asctime(text, &d);

    if (!good) {
        good = read_rfc850(text, &d);
        if (good)
            find_century(&d, now);
    }
    if (!good || !is_possible(&d))
        return ST_INVALID;
    *out = seconds_of(&d);
    return ST_OK;
}
