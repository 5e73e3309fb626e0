#include "ctext.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <phonenumbers/phonenumberutil.h>
#include <re2/re2.h>
#include <re2/set.h>
#include <set>
#include <string>
#include <vector>

/* A set answers "does any of them match?" in one pass over the text, with automata that it makes while it runs. Should the
 * memory for those run out, a set cannot tell; a single RE2 always can. So both are kept: the set first, the others then. */
struct sl_patterns {
    re2::RE2::Set set;
    std::vector<std::unique_ptr<re2::RE2>> each;
    static RE2::Options options() {
        RE2::Options o;
        o.set_case_sensitive(false);
        o.set_log_errors(false);
        o.set_max_mem(4 << 20);
        return o;
    }
    sl_patterns() : set(options(), RE2::UNANCHORED) {}
    int32_t first(const re2::StringPiece &text) const {
        for (size_t i = 0; i < each.size(); i++)
            if (RE2::PartialMatch(text, *each[i])) return static_cast<int32_t>(i);
        return -1;
    }
};

sl_patterns *sl_patterns_new(void) { return new (std::nothrow) sl_patterns; }
void sl_patterns_free(sl_patterns *p) { delete p; }

int32_t sl_patterns_add(sl_patterns *p, const char *pattern, size_t length, char *why, size_t capacity) {
    if (capacity > 0) why[0] = 0;
    if (!p) return -1;
    re2::StringPiece text(pattern, length);
    auto one = std::make_unique<re2::RE2>(text, sl_patterns::options());
    std::string error;
    int index = -1;
    if (one->ok()) index = p->set.Add(text, &error);
    else error = one->error();
    if (index >= 0) {
        p->each.push_back(std::move(one));
    } else if (capacity > 0) {
        size_t n = std::min(error.size(), capacity - 1);
        memcpy(why, error.data(), n);
        why[n] = 0;
    }
    return index;
}

int32_t sl_patterns_compile(sl_patterns *p) { return p && (p->each.empty() || p->set.Compile()) ? 1 : 0; }

int32_t sl_patterns_find(const sl_patterns *p, const char *text, size_t length) {
    if (!p || p->each.empty()) return -1;
    re2::StringPiece piece(text, length);
    RE2::Set::ErrorInfo info;
    /* Without a vector the set only answers yes or no, which is the fast and usual case. */
    if (!p->set.Match(piece, nullptr, &info) && info.kind == RE2::Set::kNoError) return -1;
    return p->first(piece);
}

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

size_t sl_phone_e164(const char *text, size_t length, const char *country, char *out, size_t capacity) {
    if (length == 0 || length > SL_PHONE_MAXIMUM) return 0;
    const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (util->Parse(std::string(text, length), country, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return 0;
    /* "Possible" looks at the length alone. "Valid" would refuse numbers of ranges opened after this library was made.
     * A number that can be dialled only within its own area names different people in different areas. */
    if (util->IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return 0;
    std::string e164;
    util->Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() >= capacity) return 0;
    memcpy(out, e164.data(), e164.size());
    out[e164.size()] = 0;
    return e164.size();
}

int32_t sl_phone_knows(const char *country) {
    static const std::set<std::string> regions = [] {
        std::set<std::string> found;
        PhoneNumberUtil::GetInstance()->GetSupportedRegions(&found);
        return found;
    }();
    return regions.count(country) ? 1 : 0;
}
