package import Kernel

extension Likeness {
    /// What likeness looks at of a customer, read from traits under the names that people use for them, and folded: without
    /// case, accents and marks.
    package struct Person: Sendable, Equatable {
        /// A value as it is compared, and as a person reads it.
        package struct Value: Sendable, Equatable {
            var folded: String
            package var shown: String
        }
        package var given: Value?
        package var surname: Value?
        /// E.164.
        package var phone: String?
        package var birth: BirthDate?
        /// Street and number, or the whole address where it is one text.
        package var street: Value?
        package var postcode: Value?
        package var city: Value?

        /// True when there is nothing to compare.
        package var isEmpty: Bool {
            given == nil && surname == nil && phone == nil && birth == nil && street == nil && postcode == nil && city == nil
        }
    }
}

extension Likeness.Person {
    /// - Parameters:
    ///   - traits: An object. Of several names for the same trait the first that has a value counts; an address may be an
    ///     object or a text. Values longer than 200 characters are passed over.
    ///   - rules: How phone numbers are written, and which values say nothing.
    package init(_ traits: JSON, rules: IdentityRules) {
        let address = traits["address"]
        func text(_ names: String...) -> String? { names.lazy.compactMap { Self.text(traits[$0], rules) }.first }
        func place(_ names: String...) -> String? { names.lazy.compactMap { Self.text(address?[$0], rules) ?? Self.text(traits[$0], rules) }.first }

        let parts = text("name", "full_name", "fullName").map(Self.split)
        given = Self.name(text("firstName", "first_name", "given_name", "givenName", "firstname", "forename") ?? parts?.given)
        surname = Self.name(text("lastName", "last_name", "surname", "family_name", "familyName", "lastname") ?? parts?.surname)
        if let number = text("phone", "phone_number", "phoneNumber", "mobile", "telephone"), let kind = rules.kind("phone") {
            phone = try? rules.normalise(kind, number).get()
        }
        birth = text("birthday", "date_of_birth", "dateOfBirth", "birth_date", "birthDate", "birthdate", "dob").flatMap(Likeness.BirthDate.init)
        let line = place("street", "street_address", "streetAddress", "address_1", "address1", "line1") ?? Self.text(address, rules)
        let number = place("street_number", "streetNumber", "house_number", "houseNumber")
        street = Self.value(line.map { line in number.map { "\($0) \(line)" } ?? line }).map {
            Value(folded: Self.shortened($0.folded), shown: $0.shown)
        }
        postcode = Self.value(place("postal_code", "postalCode", "postcode", "zip", "zip_code", "zipCode")).map {
            Value(folded: $0.folded.filter { $0 != " " }, shown: $0.shown)
        }
        city = Self.value(place("city", "town", "suburb", "locality"))
    }

    /// A trait as text; nil when it is none, says nothing, or is too long to be what it is called.
    private static func text(_ value: JSON?, _ rules: IdentityRules) -> String? {
        let raw: String
        switch value {
        case .string(let text): raw = text
        case .integer(let number): raw = String(number)
        default: return nil
        }
        guard raw.utf8.count <= 800 else { return nil }
        var text = Folding.trimmed(raw)
        guard !text.isEmpty, text.count <= 200 else { return nil }
        return text.withUTF8 { rules.blocked.pattern(blocking: UnsafeRawBufferPointer($0)) } == nil ? text : nil
    }

    private static func value(_ text: String?) -> Value? {
        guard let text else { return nil }
        let folded = Folding.rough(text)
        return folded.isEmpty ? nil : Value(folded: folded, shown: text)
    }

    private static let titles: Set<String> = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "sr", "sra", "jr", "mme"]

    private static func name(_ text: String?) -> Value? {
        guard let value = value(text) else { return nil }
        let words = value.folded.split(separator: " ")
        let kept = words.count > 1 ? words.filter { !titles.contains(String($0)) } : words
        return kept.isEmpty ? nil : Value(folded: kept.joined(separator: " "), shown: value.shown)
    }

    /// "Ann B. Smith" and "Smith, Ann B." into Ann B. and Smith. A single word is a given name.
    static func split(_ name: String) -> (given: String?, surname: String?) {
        if let comma = name.firstIndex(of: ",") {
            let after = Folding.trimmed(String(name[name.index(after: comma)...]))
            if !after.isEmpty { return (after, Folding.trimmed(String(name[..<comma]))) }
        }
        let words = name.split(whereSeparator: \.isWhitespace).filter { !titles.contains(Folding.rough(String($0))) }
        guard let last = words.last else { return (nil, nil) }
        return words.count == 1 ? (String(last), nil) : (words.dropLast().joined(separator: " "), String(last))
    }

    private static let shortForms = [
        "street": "st", "road": "rd", "avenue": "av", "ave": "av", "drive": "dr", "lane": "ln", "place": "pl", "court": "ct", "crescent": "cr",
        "cres": "cr",
        "square": "sq", "boulevard": "blvd", "close": "cl", "terrace": "tce", "strasse": "str", "circuit": "cct", "apartment": "apt",
    ]

    /// Words of streets in their short forms, so that Street and St are one.
    private static func shortened(_ street: String) -> String {
        street.split(separator: " ").map { word in
            let word = String(word)
            if word.count > 7, word.hasSuffix("strasse") { return String(word.dropLast(4)) }
            return shortForms[word] ?? word
        }.joined(separator: " ")
    }
}

extension Likeness {
    /// A date of birth as people and programs write it.
    package struct BirthDate: Sendable, Equatable, CustomStringConvertible {
        package let year: Int
        package let month: Int
        package let day: Int

        /// Year first (`1980-02-29`, `19800229`, with a time after it or not), or year last with points (`29.02.1980`, day
        /// first) or strokes (`02/29/1980`: month first unless that is no month).
        package init?(_ text: String) {
            let head = text.prefix { $0.isASCII && ($0.isNumber || "-/. ".contains($0)) }
            var numbers = head.split { !$0.isNumber }.prefix(3).compactMap { Int($0) }
            if let only = numbers.first, numbers.count == 1, head.count(where: \.isNumber) == 8 {
                numbers = [only / 10_000, only / 100 % 100, only % 100]
            }
            guard numbers.count == 3 else { return nil }
            let (year, month, day): (Int, Int, Int)
            if numbers[0] > 31 {
                (year, month, day) = (numbers[0], numbers[1], numbers[2])
            } else if head.contains("/"), numbers[0] <= 12 {
                (year, month, day) = (numbers[2], numbers[0], numbers[1])
            } else {
                (year, month, day) = (numbers[2], numbers[1], numbers[0])
            }
            // Nobody else lives; 1900-01-01 and its like are what forms send for "not known".
            guard (1850...2200).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
            if month == 1, day == 1, year == 1900 || year == 1970 { return nil }
            (self.year, self.month, self.day) = (year, month, day)
        }

        package var description: String {
            func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
            return "\(year)-\(two(month))-\(two(day))"
        }

        /// True when one slip of a finger lies between them: one digit, two neighbouring digits swapped, or day and month swapped.
        func isNear(_ other: BirthDate) -> Bool {
            if year == other.year, month == other.day, day == other.month { return true }
            let (a, b) = (Array(description.utf8), Array(other.description.utf8))
            let wrong = a.indices.filter { $0 < b.count && a[$0] != b[$0] }
            if a.count != b.count || wrong.count > 2 { return false }
            return wrong.count < 2 || wrong[1] == wrong[0] + 1 && a[wrong[0]] == b[wrong[1]] && a[wrong[1]] == b[wrong[0]]
        }
    }
}
