import CSodium

/// 128 bits that stand for a message id or for a (kind, value) identifier.
package struct Fingerprint: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    /// Never all zero, which stands for an empty place in tables.
    @inlinable package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low | (high == 0 ? 1 : 0)
    }
}

/// Makes fingerprints. The key is drawn once per installation and lies in the ledger file: values come from outside,
/// and a chosen collision would join two people or swallow a message.
///
/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein 2012), by libsodium.
package struct FingerprintKey: Sendable, Equatable {
    package static let length = 16
    private let key: (UInt64, UInt64)

    package static func == (a: FingerprintKey, b: FingerprintKey) -> Bool { a.key == b.key }

    /// - Parameter bytes: 16 random bytes.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == Self.length)
        key = bytes.withUnsafeBytes { ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
    }

    /// The fingerprint of a message id.
    package func message(_ id: UnsafeRawBufferPointer) -> Fingerprint { hash(id, 0) }
    /// The fingerprint of an identifier.
    package func identifier(_ kind: IdentifierKind, _ value: UnsafeRawBufferPointer) -> Fingerprint { hash(value, kind.rawValue) }

    /// For what is compared with its like alone, as refused items.
    func item(_ bytes: UnsafeRawBufferPointer) -> Fingerprint { hash(bytes, 0) }

    package func message(_ id: String) -> Fingerprint {
        var id = id
        return id.withUTF8 { message(UnsafeRawBufferPointer($0)) }
    }
    package func identifier(_ kind: IdentifierKind, _ value: String) -> Fingerprint {
        var value = value
        return value.withUTF8 { identifier(kind, UnsafeRawBufferPointer($0)) }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer, _ domain: UInt8) -> Fingerprint {
        // The domain changes the key, not the input: no copy, and message ids and kinds never share a fingerprint.
        var key = (key.0 ^ UInt64(domain), key.1)
        var out: (UInt64, UInt64) = (0, 0)
        withUnsafeBytes(of: &key) { key in
            withUnsafeMutableBytes(of: &out) { out in
                var nothing: UInt8 = 0
                let from = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                if let from {
                    crypto_shorthash_siphashx24(
                        out.baseAddress!.assumingMemoryBound(to: UInt8.self), from, UInt64(bytes.count),
                        key.baseAddress!.assumingMemoryBound(to: UInt8.self))
                } else {
                    crypto_shorthash_siphashx24(
                        out.baseAddress!.assumingMemoryBound(to: UInt8.self), &nothing, 0, key.baseAddress!.assumingMemoryBound(to: UInt8.self))
                }
            }
        }
        return Fingerprint(high: out.0, low: out.1)
    }
}
