package import Kernel

/// What kind of value a view stands for.
package enum JSONKind: UInt8, Sendable {
    case object, array, string, integer, number, bool, null
}

/// A value on the tape of a parsed document: three words that point into the parser's memory.
///
/// Valid as long as the parser says, see ``JSONParser/parse(_:_:)-(UnsafeRawBufferPointer,_)``.
///
/// The tape (simdjson, doc/tape.md): a word is a letter in the top 8 bits and a payload below. `{` and `[` carry the index
/// past their end (32 bits) and the count of their members (24 bits); `"` the offset of the string; `l`, `u` and `d` are
/// followed by a word with the number.
package struct JSONValueView {
    @usableFromInline let tape: UnsafePointer<UInt64>
    @usableFromInline let strings: UnsafePointer<UInt8>
    @usableFromInline let index: Int

    @inlinable package init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int) {
        self.tape = tape
        self.strings = strings
        self.index = index
    }

    @inlinable var word: UInt64 { tape[index] }
    @inlinable var letter: UInt8 { UInt8(truncatingIfNeeded: word >> 56) }
    @inlinable var payload: UInt64 { word & 0xff_ffff_ffff_ffff }

    /// The index of the word behind this value.
    @inlinable @inline(__always) var next: Int {
        switch letter {
        case 0x7b, 0x5b: Int(word & 0xffff_ffff)
        case 0x6c, 0x75, 0x64: index &+ 2
        default: index &+ 1
        }
    }

    @inlinable func at(_ index: Int) -> JSONValueView { JSONValueView(tape: tape, strings: strings, index: index) }

    @inlinable package var kind: JSONKind {
        switch letter {
        case 0x7b: .object
        case 0x5b: .array
        case 0x22: .string
        case 0x6c, 0x75: .integer
        case 0x64: .number
        case 0x74, 0x66: .bool
        default: .null
        }
    }
    @inlinable @inline(__always) package var isNull: Bool { letter == 0x6e }
    @inlinable @inline(__always) package var isObject: Bool { letter == 0x7b }
    @inlinable package var isArray: Bool { letter == 0x5b }
    @inlinable package var isString: Bool { letter == 0x22 }

    /// The unescaped UTF-8 of a string, without a copy; nil when it is none. A zero byte follows.
    @inlinable @inline(__always) package var stringBytes: UnsafeRawBufferPointer? { letter == 0x22 ? text : nil }

    @inlinable @inline(__always) var text: UnsafeRawBufferPointer {
        let start = UnsafeRawPointer(strings) + Int(payload)
        return UnsafeRawBufferPointer(start: start + 4, count: Int(start.loadUnaligned(as: UInt32.self)))
    }

    /// The string, copied.
    @inlinable package var string: String? { stringBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// A whole number that fits, else nil. A number written with a point or an exponent is none.
    @inlinable package var int64: Int64? {
        switch letter {
        case 0x6c: Int64(bitPattern: tape[index &+ 1])
        case 0x75: Int64(exactly: tape[index &+ 1])
        default: nil
        }
    }
    /// A whole number from 0 on, else nil.
    @inlinable package var uint64: UInt64? {
        switch letter {
        case 0x6c: UInt64(exactly: Int64(bitPattern: tape[index &+ 1]))
        case 0x75: tape[index &+ 1]
        default: nil
        }
    }
    /// Any number, the nearest double to it.
    @inlinable package var double: Double? {
        switch letter {
        case 0x64: Double(bitPattern: tape[index &+ 1])
        case 0x6c: Double(Int64(bitPattern: tape[index &+ 1]))
        case 0x75: Double(tape[index &+ 1])
        default: nil
        }
    }
    @inlinable package var bool: Bool? {
        switch letter {
        case 0x74: true
        case 0x66: false
        default: nil
        }
    }

    /// How many members an object or elements an array has (at most 2^24 - 1 are told); 0 for anything else.
    @inlinable package var count: Int { letter == 0x7b || letter == 0x5b ? Int(word >> 32 & 0xff_ffff) : 0 }

    /// The members of an object in their order; none for anything else.
    @inlinable package var members: Members {
        Members(tape: tape, strings: strings, index: index &+ 1, end: isObject ? next &- 1 : index &+ 1)
    }
    /// The elements of an array in their order; none for anything else.
    @inlinable package var elements: Elements {
        Elements(tape: tape, strings: strings, index: index &+ 1, end: isArray ? next &- 1 : index &+ 1)
    }

    /// The first member of that name; nil when there is none or this is no object. Reads the members one by one.
    @inlinable package subscript(key: StaticString) -> JSONValueView? {
        self[UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)]
    }
    /// ``subscript(_:)-(StaticString)`` by the name's UTF-8.
    @inlinable package subscript(key: UnsafeRawBufferPointer) -> JSONValueView? {
        for member in members where JSONValueView.same(member.key, key) { return member.value }
        return nil
    }
    /// ``subscript(_:)-(StaticString)`` by a name that is made at run time.
    package subscript(named key: String) -> JSONValueView? {
        var key = key
        return key.withUTF8 { self[UnsafeRawBufferPointer($0)] }
    }

    /// Whether two texts have the same bytes.
    @inlinable @inline(__always) package static func same(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        var i = 0
        while i &+ 8 <= a.count {
            if a.loadUnaligned(fromByteOffset: i, as: UInt64.self) != b.loadUnaligned(fromByteOffset: i, as: UInt64.self) { return false }
            i &+= 8
        }
        while i < a.count {
            if a[i] != b[i] { return false }
            i &+= 1
        }
        return true
    }

    /// An object's members.
    package struct Members: Sequence, IteratorProtocol {
        @usableFromInline let tape: UnsafePointer<UInt64>
        @usableFromInline let strings: UnsafePointer<UInt8>
        @usableFromInline var index: Int
        @usableFromInline let end: Int

        @inlinable init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int, end: Int) {
            self.tape = tape
            self.strings = strings
            self.index = index
            self.end = end
        }
        @inlinable @inline(__always) package mutating func next() -> (key: UnsafeRawBufferPointer, value: JSONValueView)? {
            guard index < end else { return nil }
            let key = JSONValueView(tape: tape, strings: strings, index: index).text
            let value = JSONValueView(tape: tape, strings: strings, index: index &+ 1)
            index = value.next
            return (key, value)
        }
    }

    /// An array's elements.
    package struct Elements: Sequence, IteratorProtocol {
        @usableFromInline let tape: UnsafePointer<UInt64>
        @usableFromInline let strings: UnsafePointer<UInt8>
        @usableFromInline var index: Int
        @usableFromInline let end: Int

        @inlinable init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, index: Int, end: Int) {
            self.tape = tape
            self.strings = strings
            self.index = index
            self.end = end
        }
        @inlinable @inline(__always) package mutating func next() -> JSONValueView? {
            guard index < end else { return nil }
            let value = JSONValueView(tape: tape, strings: strings, index: index)
            index = value.next
            return value
        }
    }
}

extension JSONValueView {
    /// The value as one that outlives the parser. A whole number above the largest Int64 becomes a double.
    package func toJSON() -> JSON {
        switch kind {
        case .null: .null
        case .bool: .bool(letter == 0x74)
        case .integer: int64.map(JSON.integer) ?? .number(double ?? 0)
        case .number: .number(double ?? 0)
        case .string: .string(String(decoding: text, as: UTF8.self))
        case .array: .array(elements.map { $0.toJSON() })
        case .object: .object(members.map { JSON.Member(String(decoding: $0.key, as: UTF8.self), $0.value.toJSON()) })
        }
    }

    /// Appends the value as JSON without spaces. Keys keep their order; a number is written as ``JSONText`` writes it.
    package func minify(to out: inout [UInt8]) {
        var sink = JSONSink(capacity: 256)
        minify(to: &sink)
        out.append(contentsOf: sink.bytes)
    }

    /// ``minify(to:)-(inout[UInt8])`` for hot loops, into a buffer that is used again and again.
    package func minify(to sink: inout JSONSink) {
        switch letter {
        case 0x22: sink.string(text)
        case 0x6c: sink.integer(Int64(bitPattern: tape[index &+ 1]))
        case 0x75: sink.integer(tape[index &+ 1])
        case 0x64: sink.number(Double(bitPattern: tape[index &+ 1]))
        case 0x74: sink.word(0x6575_7274, 4)
        case 0x66: sink.word(0x65_736c_6166, 5)
        case 0x7b:
            sink.byte(0x7b)
            var first = true
            for member in members {
                if !first { sink.byte(0x2c) }
                first = false
                sink.string(member.key)
                sink.byte(0x3a)
                member.value.minify(to: &sink)
            }
            sink.byte(0x7d)
        case 0x5b:
            sink.byte(0x5b)
            var first = true
            for element in elements {
                if !first { sink.byte(0x2c) }
                first = false
                element.minify(to: &sink)
            }
            sink.byte(0x5d)
        default: sink.word(0x6c6c_756e, 4)
        }
    }
}
