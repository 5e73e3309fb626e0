/// What simdjson lets pass and we do not.
package enum JSONFlaw: Error, Equatable, Sendable {
    /// An object names a member twice: RFC 8259 section 4 leaves open which counts, so two readers could differ.
    case duplicateKey(String)
    /// Objects and arrays lie deeper within each other than allowed.
    case tooDeep(limit: Int)
    /// An object has more members than allowed.
    case tooManyMembers(Int, limit: Int)
}

extension JSONValueView {
    /// Finds the first flaw in the value, at any depth; nil when there is none.
    ///
    /// - Parameters:
    ///   - depth: How deep objects and arrays may lie within each other; a lone object counts 1.
    ///   - members: How many members one object may have.
    package func flaw(depth: Int = .max, members: Int = .max) -> JSONFlaw? {
        var level = 0
        var i = index
        let end = next
        while i < end {
            let value = at(i)
            switch value.letter {
            case 0x7b:
                level &+= 1
                if level > depth { return .tooDeep(limit: depth) }
                let count = value.count
                if count > members { return .tooManyMembers(count, limit: members) }
                if count > 1, let key = value.duplicate(count) { return .duplicateKey(String(decoding: key, as: UTF8.self)) }
                i &+= 1
            case 0x5b:
                level &+= 1
                if level > depth { return .tooDeep(limit: depth) }
                i &+= 1
            case 0x7d, 0x5d:
                level &-= 1
                i &+= 1
            case 0x6c, 0x75, 0x64: i &+= 2
            default: i &+= 1
            }
        }
        return nil
    }

    /// A number that equal keys share: the first and the last eight bytes, mixed with the length.
    ///
    /// Reads eight bytes even of shorter text: the tape's strings allow it, since 64 bytes behind each may be read.
    @inlinable @inline(__always) package static func tag(_ key: UnsafeRawBufferPointer) -> UInt64 {
        let start = UnsafeRawPointer(key.baseAddress!)
        let first = start.loadUnaligned(as: UInt64.self).littleEndian
        let mixed: UInt64
        if key.count >= 8 {
            let last = start.loadUnaligned(fromByteOffset: key.count &- 8, as: UInt64.self).littleEndian
            mixed = first ^ (last &<< 23 | last &>> 41)
        } else {
            mixed = first & ((1 << (UInt64(key.count) &* 8)) &- 1)
        }
        return (mixed ^ UInt64(key.count) &<< 56) &* 0x9E37_79B9_7F4A_7C15
    }

    private func duplicate(_ count: Int) -> UnsafeRawBufferPointer? {
        count > 64 ? duplicateBySorting() : duplicateByTags(count)
    }

    private func duplicateByTags(_ count: Int) -> UnsafeRawBufferPointer? {
        withUnsafeTemporaryAllocation(of: (tag: UInt64, key: UnsafeRawBufferPointer).self, capacity: count) { known in
            // A bit per tag says of most keys that they are new, without looking at the others.
            var seen: UInt64 = 0
            var n = 0
            for member in members {
                let tag = Self.tag(member.key)
                let bit: UInt64 = 1 << (tag >> 58)
                if seen & bit != 0 {
                    for j in 0..<n where known[j].tag == tag && Self.same(known[j].key, member.key) { return member.key }
                }
                seen |= bit
                known.initializeElement(at: n, to: (tag, member.key))
                n &+= 1
            }
            return nil
        }
    }

    /// For large objects: never quadratic, whatever the keys are.
    private func duplicateBySorting() -> UnsafeRawBufferPointer? {
        var keys = members.map(\.key)
        keys.sort { Self.less($0, $1) }
        for (a, b) in zip(keys, keys.dropFirst()) where Self.same(a, b) { return a }
        return nil
    }

    private static func less(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        if a.count != b.count { return a.count < b.count }
        for i in 0..<a.count where a[i] != b[i] { return a[i] < b[i] }
        return false
    }
}
