#include "ctext.h"
#include <algorithm>
#include <cstring>
#include <new>
#include <phonenumbers/phonenumberutil.h>
#include <re2/re2.h>
#include <re2/set.h>
#include <set>
#include <string>
#include <vector>

struct sl_patterns {
    re2::RE2::Set set;
    bool empty = true;
    static RE2::Options options() {
        RE2::Options o;
        o.set_case_sensitive(false);
        o.set_log_errors(false);
        return o;
    }
    sl_patterns() : set(options(), RE2::UNANCHORED) {}
};

sl_patterns *sl_patterns_new(void) { return new (std::nothrow) sl_patterns; }
void sl_patterns_free(sl_patterns *p) { delete p; }

int32_t sl_patterns_add(sl_patterns *p, const char *pattern, size_t length, char *why, size_t capacity) {
    std::string error;
    int index = p->set.Add(re2::StringPiece(pattern, length), &error);
    if (index < 0 && capacity > 0) {
        size_t n = std::min(error.size(), capacity - 1);
        memcpy(why, error.data(), n);
        why[n] = 0;
    }
    if (index >= 0) p->empty = false;
    return index;
}

int32_t sl_patterns_compile(sl_patterns *p) { return p->empty || p->set.Compile() ? 1 : 0; }

int32_t sl_patterns_find(const sl_patterns *p, const char *text, size_t length) {
    if (p->empty) return -1;
    re2::StringPiece piece(text, length);
    /* Without a vector RE2 only answers yes or no, which is the fast and usual case. */
    if (!p->set.Match(piece, nullptr)) return -1;
    std::vector<int> found;
    p->set.Match(piece, &found);
    return found.empty() ? -1 : *std::min_element(found.begin(), found.end());
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

size_t sl_phone_e164(const char *text, size_t length, const char *country, char *out, size_t capacity) {
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (util->Parse(std::string(text, length), country, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return 0;
    if (!util->IsPossibleNumber(number)) return 0;
    std::string e164;
    util->Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() >= capacity) return 0;
    memcpy(out, e164.data(), e164.size());
    out[e164.size()] = 0;
    return e164.size();
}

int32_t sl_phone_knows(const char *country) {
    std::set<std::string> regions;
    PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
    return regions.count(country) ? 1 : 0;
}
