/// Numbers as people write them into tables.
enum Decimal {
    /// Appends the number as JSON writes it. False, and nothing appended, when the text is none.
    ///
    /// Takes a sign, decimals after a point (after a comma when `comma`, points then dividing thousands), a power of ten, and leading
    /// zeros. With `whole` the decimals must be zeros, as spreadsheets write `13085.0`, and are dropped. At most 40 characters.
    static func append(_ text: [UInt8], comma: Bool, whole: Bool, to out: inout [UInt8]) -> Bool {
        guard text.count <= 40 else { return false }
        let start = out.count
        var i = 0
        if i < text.count, text[i] == 45 || text[i] == 43 {
            if text[i] == 45 { out.append(45) }
            i += 1
        }
        var digits = 0
        var leading = true
        while i < text.count, (48...57).contains(text[i]) || (comma && text[i] == 46 && digits > 0) {
            if text[i] != 46 {
                digits += 1
                if !leading || text[i] != 48 {
                    out.append(text[i])
                    leading = false
                }
            }
            i += 1
        }
        if leading { out.append(48) }
        if i < text.count, text[i] == (comma ? 44 : 46) {
            i += 1
            let point = out.count
            out.append(46)
            while i < text.count, (48...57).contains(text[i]) {
                digits += 1
                if whole, text[i] != 48 { break }
                out.append(text[i])
                i += 1
            }
            if whole || out.count == point + 1 { out.removeSubrange(point...) }
        }
        if i + 1 < text.count, digits > 0, !whole, text[i] | 32 == 101 {
            out.append(101)
            i += 1
            if text[i] == 45 || text[i] == 43 {
                out.append(text[i])
                i += 1
            }
            let first = i
            while i < text.count, i - first < 3, (48...57).contains(text[i]) {
                out.append(text[i])
                i += 1
            }
            if i == first { digits = 0 }
        }
        if i == text.count, digits > 0 { return true }
        out.removeSubrange(start...)
        return false
    }
}
