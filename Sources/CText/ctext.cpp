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

namespace {

RE2::Options options() {
    RE2::Options o;
    o.set_case_sensitive(false);
    o.set_log_errors(false);
    o.set_max_mem(4 << 20);
    return o;
}

/* True when a pattern can match at the start of the text only: it begins with ^ and has no | outside of brackets. */
bool at_start(const re2::StringPiece &p) {
    if (p.empty() || p[0] != '^') return false;
    int depth = 0;
    bool in_class = false;
    for (size_t i = 1; i < p.size(); i++) {
        if (p[i] == '\\') {
            if (i + 1 < p.size() && p[i + 1] == 'Q') return false;
            i++;
        } else if (in_class) {
            if (p[i] == ']') in_class = false;
        } else if (p[i] == '[') {
            in_class = true;
            /* A ] right after [ or [^ is a letter of the class. */
            if (i + 1 < p.size() && p[i + 1] == '^') i++;
            if (i + 1 < p.size() && p[i + 1] == ']') i++;
        } else if (p[i] == '(') {
            if (i + 1 < p.size() && p[i + 1] == '?' && (i + 2 >= p.size() || p[i + 2] != ':')) return false; /* (?m) changes what ^ means */
            depth++;
        } else if (p[i] == ')') {
            depth--;
        } else if (p[i] == '|' && depth == 0) {
            return false;
        } else if (i == 1 && (p[i] == '?' || p[i] == '*' || p[i] == '{')) {
            return false; /* The ^ itself may be left out. */
        }
    }
    return true;
}

/* The patterns of one anchoring. A set answers "does any of them match?" in one pass over the text. */
struct group {
    re2::RE2::Set set;
    bool empty = true;
    explicit group(RE2::Anchor anchor) : set(options(), anchor) {}
    bool compile() { return empty || set.Compile(); }
    /* Without a vector the set only answers yes or no, which is the fast and usual case. It makes its automaton while it runs;
     * should the memory for that run out it cannot tell, which is taken for a yes: then each pattern is tried by itself. */
    bool may_match(const re2::StringPiece &text) const {
        RE2::Set::ErrorInfo info;
        return !empty && (set.Match(text, nullptr, &info) || info.kind != RE2::Set::kNoError);
    }
};

}  // namespace

/* Patterns that hold at the start of a text are kept apart: of most texts their automaton need only read a letter or two. */
struct sl_patterns {
    group at_start{RE2::ANCHOR_START};
    group anywhere{RE2::UNANCHORED};
    std::vector<std::unique_ptr<re2::RE2>> each;
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
    auto one = std::make_unique<re2::RE2>(text, options());
    std::string error;
    bool added = false;
    if (one->ok()) {
        group &into = at_start(text) ? p->at_start : p->anywhere;
        added = into.set.Add(text, &error) >= 0;
        if (added) into.empty = false;
    } else {
        error = one->error();
    }
    if (added) {
        p->each.push_back(std::move(one));
        return static_cast<int32_t>(p->each.size()) - 1;
    }
    if (capacity > 0) {
        size_t n = std::min(error.size(), capacity - 1);
        memcpy(why, error.data(), n);
        why[n] = 0;
    }
    return -1;
}

int32_t sl_patterns_compile(sl_patterns *p) { return p && p->at_start.compile() && p->anywhere.compile() ? 1 : 0; }

int32_t sl_patterns_find(const sl_patterns *p, const char *text, size_t length) {
    if (!p) return -1;
    re2::StringPiece piece(text, length);
    return p->at_start.may_match(piece) || p->anywhere.may_match(piece) ? p->first(piece) : -1;
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
