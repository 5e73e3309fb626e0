import Kernel

/// An object of the API as lines of `what  value`: for answers that are a handful of figures.
enum Facts {
    static func lines(_ value: JSON, under prefix: String = "") -> [String] {
        let facts = flat(value, prefix)
        let widest = facts.map { Text.width($0.name) }.max() ?? 0
        return facts.map { Text.padded($0.name, to: widest) + "  " + $0.value }
    }

    private static func flat(_ value: JSON, _ prefix: String) -> [(name: String, value: String)] {
        (value.members ?? []).flatMap { member -> [(name: String, value: String)] in
            let name = (prefix.isEmpty ? "" : prefix + " ") + Text.clean(spoken(member.key))
            switch member.value {
            case .object: return flat(member.value, name)
            case .array(let items): return items.isEmpty ? [] : [(name, Text.clean(items.map { $0.string ?? $0.text }.joined(separator: ", ")))]
            case .null: return []
            case .string(let text): return [(name, Text.clean(text))]
            case .integer(let number):
                return [(name, member.key.lowercased().hasSuffix("bytes") ? Measure.roundedBytes(Int(number)) : Text.count(number))]
            case .bool(let yes): return [(name, yes ? "yes" : "no")]
            case .number: return [(name, member.value.text)]
            }
        }
    }

    /// `lagMilliseconds` as `lag milliseconds`.
    private static func spoken(_ key: String) -> String {
        key.reduce(into: "") { out, letter in
            if letter.isUppercase, !out.isEmpty { out += " " }
            out += letter.lowercased()
        }
    }
}
