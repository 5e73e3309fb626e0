/// Checks that bytes are one JSON object (RFC 8259) and finds what an import needs to know of it.
///
/// One bad line would make the whole body that carries it unreadable, so each is checked before it is sent. Depth is at most 64.
struct JSONLine {
    /// What is wrong, and at which byte.
    struct Fault: Error, Equatable {
        let words: String
        let at: Int
    }

    /// Where the object begins.
    private(set) var start = 0
    /// Whether the object has no member at all.
    private(set) var isEmpty = true
    /// Whether it has a `messageId` that is more than an empty text.
    private(set) var hasMessageID = false

    private static let deepest = 64
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// Checks `bytes`; nil when they are JSON but no object.
    static func check(_ bytes: UnsafeRawBufferPointer) -> Result<JSONLine?, Fault> {
        do throws(Fault) { return .success(try read(bytes)) } catch { return .failure(error) }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> JSONLine? {
        var line = JSONLine(bytes: bytes)
        line.blanks()
        line.start = line.at
        guard line.peek == 123 else {
            try line.value(depth: 0)
            return try line.finish(nil)
        }
        try line.object(depth: 0)
        return try line.finish(line)
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func finish(_ made: JSONLine?) throws(Fault) -> JSONLine? {
        blanks()
        guard at == bytes.count else { throw Fault(words: "something follows the value", at: at) }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Fault(words: "the line is not UTF-8", at: 0) }
        return made
    }

    private var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }

    @inline(__always) private mutating func blanks() {
        while at < bytes.count, bytes[at] == 32 || bytes[at] == 9 || bytes[at] == 13 || bytes[at] == 10 { at += 1 }
    }

    private mutating func value(depth: Int) throws(Fault) {
        guard depth <= Self.deepest else { throw Fault(words: "more than \(Self.deepest) levels of lists and objects", at: at) }
        switch peek {
        case 123: try object(depth: depth)
        case 91: try array(depth: depth)
        case 34: _ = try string()
        case 116: try word("true")
        case 102: try word("false")
        case 110: try word("null")
        default: try number()
        }
    }

    private mutating func object(depth: Int) throws(Fault) {
        at += 1
        blanks()
        if peek == 125 {
            at += 1
            return
        }
        while true {
            blanks()
            guard peek == 34 else { throw Fault(words: "a name in quotes was expected", at: at) }
            let name = try string()
            blanks()
            guard peek == 58 else { throw Fault(words: "a colon was expected", at: at) }
            at += 1
            blanks()
            let from = at
            try value(depth: depth + 1)
            if depth == 0 {
                isEmpty = false
                if bytes[name].elementsEqual("messageId".utf8), at - from > 2, bytes[from] == 34 { hasMessageID = true }
            }
            blanks()
            guard peek == 44 else { break }
            at += 1
        }
        guard peek == 125 else { throw Fault(words: "a comma or the end of the object was expected", at: at) }
        at += 1
    }

    private mutating func array(depth: Int) throws(Fault) {
        at += 1
        blanks()
        if peek == 93 {
            at += 1
            return
        }
        while true {
            blanks()
            try value(depth: depth + 1)
            blanks()
            guard peek == 44 else { break }
            at += 1
        }
        guard peek == 93 else { throw Fault(words: "a comma or the end of the list was expected", at: at) }
        at += 1
    }

    /// Passes over a text; where its letters stand.
    private mutating func string() throws(Fault) -> Range<Int> {
        let open = at
        at += 1
        while at < bytes.count {
            switch bytes[at] {
            case 34:
                at += 1
                return (open + 1)..<(at - 1)
            case 92:
                at += 1
                switch peek {
                case 34, 92, 47, 98, 102, 110, 114, 116: at += 1
                case 117:
                    at += 1
                    for _ in 0..<4 {
                        guard Self.isHex(peek) else { throw Fault(words: "\\u needs four hexadecimal digits", at: at) }
                        at += 1
                    }
                default: throw Fault(words: "no escape that JSON knows", at: at)
                }
            case 0..<32: throw Fault(words: "a control character within a text", at: at)
            default: at += 1
            }
        }
        throw Fault(words: "the text that begins here is never closed", at: open)
    }

    private static func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte | 32) }

    private mutating func word(_ word: StaticString) throws(Fault) {
        let count = word.utf8CodeUnitCount
        guard at + count <= bytes.count, bytes[at..<(at + count)].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: count)) else {
            throw Fault(words: "a value was expected", at: at)
        }
        at += count
    }

    private mutating func number() throws(Fault) {
        let from = at
        if peek == 45 { at += 1 }
        if peek == 48 { at += 1 } else { try digits(from) }
        if peek == 46 {
            at += 1
            try digits(from)
        }
        if peek | 32 == 101 {
            at += 1
            if peek == 43 || peek == 45 { at += 1 }
            try digits(from)
        }
    }

    private mutating func digits(_ from: Int) throws(Fault) {
        guard (48...57).contains(peek) else { throw Fault(words: "a value was expected", at: from) }
        while (48...57).contains(peek) { at += 1 }
    }
}
