import Foundation
package import Kernel
package import Logging
import NIOCore
package import NIOSSL
import ServiceLifecycle
import Synchronization

/// The certificate with which the server speaks TLS, and its key: two PEM files, taken anew when they change.
///
/// Connections that are open keep what they began with. A new pair that cannot be used is logged, and the one before stays: a
/// certificate half renewed stops nobody from coming in.
package final class Certificate: Service {
    /// How often the files are looked at.
    package static let pause = Duration.seconds(60)
    /// Milliseconds before its end from which on a certificate is warned of, once a day.
    package static let notice: Int64 = 14 * 86_400_000

    /// A chain and the key of its first certificate, which fit each other.
    private struct Pair: Sendable {
        var chain: [NIOSSLCertificate]
        var key: NIOSSLPrivateKey
        var begins: Instant
        var ends: Instant
    }
    /// Tells whether a file is another than before.
    private struct Stamp: Equatable, Sendable {
        var inode: UInt64
        var bytes: UInt64
        var changed: Date?
    }
    private struct State: Sendable {
        var pair: Pair
        /// Of the files as they were read last, whether or not they could be used.
        var stamps: [Stamp?]
        var warned: Instant?
    }

    private let certificate: String
    private let key: String
    private let clock: Clock
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads both files.
    package init(certificate: String, key: String, clock: Clock, logger: Logger) throws(CertificateProblem) {
        self.certificate = certificate
        self.key = key
        self.clock = clock
        self.logger = logger
        // Before the files are read: what changes meanwhile is seen at the next look.
        let stamps = [Self.stamp(certificate), Self.stamp(key)]
        state = Mutex(State(pair: try Self.read(certificate, key), stamps: stamps))
        warn()
    }

    /// Why a server cannot speak TLS with these files: what is wrong with either, and only when nothing is, with both together.
    package static func faults(certificate: String, key: String) -> [CertificateProblem] {
        func fault(_ work: () throws(CertificateProblem) -> Void) -> CertificateProblem? {
            do throws(CertificateProblem) {
                try work()
                return nil
            } catch {
                return error
            }
        }
        let ofEach = [
            fault { () throws(CertificateProblem) in _ = try chain(certificate) }, fault { () throws(CertificateProblem) in _ = try privateKey(key) },
        ].compactMap(\.self)
        guard ofEach.isEmpty else { return ofEach }
        return [fault { () throws(CertificateProblem) in _ = try read(certificate, key) }].compactMap(\.self)
    }

    /// When the certificate in use ends.
    package var ends: Instant { state.withLock { $0.pair.ends } }

    /// Takes the files anew, changed or not.
    package func takeAnew() {
        let stamps = [Self.stamp(certificate), Self.stamp(key)]
        do throws(CertificateProblem) {
            let pair = try Self.read(certificate, key)
            state.withLock { $0 = State(pair: pair, stamps: stamps) }
            logger.notice("the certificate was taken anew", metadata: ["until": "\(pair.ends.rfc3339)"])
        } catch {
            state.withLock { $0.stamps = stamps }
            logger.error("the new certificate cannot be used, the one before stays", metadata: ["reason": "\(error)"])
        }
        warn()
    }

    /// Takes the files anew when they are others than before.
    package func look() {
        let stamps = [Self.stamp(certificate), Self.stamp(key)]
        if stamps != state.withLock({ $0.stamps }) { takeAnew() } else { warn() }
    }

    /// Looks at the files once a minute until the server stops.
    package func run() async {
        await cancelWhenGracefulShutdown { [self] in
            while true {
                do { try await Task.sleep(for: Self.pause) } catch { return }
                look()
            }
        }
    }

    /// TLS 1.2 or 1.3 with the certificate that is in use when a connection begins.
    package var configuration: TLSConfiguration {
        let pair = state.withLock { $0.pair }
        var configuration = Self.configuration(pair)
        configuration.sslContextCallback = { [self] _, promise in
            let pair = state.withLock { $0.pair }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = pair.chain.map { .certificate($0) }
            override.privateKey = .privateKey(pair.key)
            promise.succeed(override)
        }
        return configuration
    }

    private static func configuration(_ pair: Pair) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain.map { .certificate($0) }, privateKey: .privateKey(pair.key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    private static func read(_ certificate: String, _ key: String) throws(CertificateProblem) -> Pair {
        let (chain, leaf) = try chain(certificate)
        let pair = Pair(
            chain: chain, key: try privateKey(key), begins: Instant(milliseconds: Int64(leaf.notValidBefore) * 1000),
            ends: Instant(milliseconds: Int64(leaf.notValidAfter) * 1000))
        do {
            _ = try NIOSSLContext(configuration: configuration(pair))
        } catch {
            throw .notOfEachOther(certificate: certificate, key: key)
        }
        return pair
    }

    private static func chain(_ path: String) throws(CertificateProblem) -> (all: [NIOSSLCertificate], first: NIOSSLCertificate) {
        let text = try bytes(path)
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(text), let first = chain.first else { throw .noCertificate(path) }
        return (chain, first)
    }

    private static func privateKey(_ path: String) throws(CertificateProblem) -> NIOSSLPrivateKey {
        let text = try bytes(path)
        if String(decoding: text, as: UTF8.self).contains("ENCRYPTED") { throw .encryptedKey(path) }
        guard let key = try? NIOSSLPrivateKey(bytes: text, format: .pem) else { throw .noKey(path) }
        return key
    }

    private static func bytes(_ path: String) throws(CertificateProblem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, errno: errno) }
        defer { close(descriptor) }
        // More than any chain has: whoever names a device or a database is told so, and memory is not filled.
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if more == 0 { break }
            guard more > 0 else { throw .unreadable(path, errno: errno) }
            count += more
        }
        return Array(bytes[..<count])
    }

    private static func stamp(_ path: String) -> Stamp? {
        guard let found = try? FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath) else { return nil }
        return Stamp(
            inode: found[.systemFileNumber] as? UInt64 ?? 0, bytes: found[.size] as? UInt64 ?? 0, changed: found[.modificationDate] as? Date)
    }

    /// Browsers refuse a certificate that is over, or has not begun. It is used all the same: whoever runs the server sees to it.
    private func warn() {
        let now = clock.now
        let due = state.withLock { state -> Pair? in
            let pair = state.pair
            guard pair.ends - now < Self.notice || now < pair.begins, state.warned.map({ now - $0 >= 86_400_000 }) ?? true else { return nil }
            state.warned = now
            return pair
        }
        guard let due else { return }
        let what =
            now < due.begins
            ? "the certificate is not valid yet" : due.ends <= now ? "the certificate has expired" : "the certificate expires soon"
        logger.warning("\(what)", metadata: ["from": "\(due.begins.rfc3339)", "until": "\(due.ends.rfc3339)"])
    }
}

/// Why a server cannot speak TLS. Facts about files; each gets better when the file is mended.
package enum CertificateProblem: Error, Equatable {
    case unreadable(String, errno: Int32)
    /// The file has no certificate in PEM.
    case noCertificate(String)
    /// The file has no private key in PEM.
    case noKey(String)
    /// Nobody is there to type the key's password when a server starts.
    case encryptedKey(String)
    /// The key is not the certificate's, or TLS cannot be spoken with it.
    case notOfEachOther(certificate: String, key: String)
}

extension CertificateProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let code): "\(path) cannot be read: \(String(cString: strerror(code)))."
        case .noCertificate(let path): "\(path) has no certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`."
        case .noKey(let path): "\(path) has no private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----` or alike."
        case .encryptedKey(let path): "the key in \(path) has a password. Store it without one, readable by the server's user alone."
        case .notOfEachOther(let certificate, let key): "the key in \(key) is not that of the first certificate in \(certificate)."
        }
    }
}
