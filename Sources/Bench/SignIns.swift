import Access
import CSodium
import Foundation
import Glibc
import Synchronization

/// How many people can sign in a second: the passwords' hash is meant to be dear, so the limit is as many bare hashes as the
/// server's threads for them make.
struct SignIns {
    let server: BenchServer
    let colleague: Colleague
    /// Sign-ins measured; about six seconds.
    private static let count = 96

    func measure(_ report: inout Report) {
        let bare = Self.bareHashes()
        let request = colleague.signIn()
        // Another session of theirs each time; the server keeps the newest.
        let answered = Mutex(0)
        let counter = Counter()
        let port = server.port
        let before = processorSeconds(of: server.pid) ?? 0
        let began = seconds()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            guard let connection = Connection(port: port) else { return }
            while counter.next() < Self.count { if connection.ask(request) == 303 { answered.withLock { $0 += 1 } } }
        }
        let took = seconds() - began
        let n = answered.withLock { $0 }
        let processor = ((processorSeconds(of: server.pid) ?? 0) - before) / Double(Self.count)
        report.row("argon2id on \(Passwords.threads) threads, bare", "\(number(bare, 1))/s")
        report.row(
            "sign-ins over HTTP, 8 connections",
            "\(number(Double(n) / took, 1))/s, \(number(Double(n) / took / bare, 2)) of the bare limit, server's processor \(milliseconds(processor)) each, \(Self.count - n) failed"
        )
    }

    /// Checks of a password a second, on as many threads as the server has for them.
    private static func bareHashes() -> Double {
        _ = sodium_init()
        var hash = [CChar](repeating: 0, count: Int(crypto_pwhash_strbytes()))
        _ = Colleague.password.withCString {
            crypto_pwhash_str(&hash, $0, UInt64(strlen($0)), UInt64(crypto_pwhash_opslimit_interactive()), crypto_pwhash_memlimit_interactive())
        }
        let ready = hash
        let counter = Counter()
        let began = seconds()
        DispatchQueue.concurrentPerform(iterations: Passwords.threads) { _ in
            while counter.next() < count { Colleague.password.withCString { _ = crypto_pwhash_str_verify(ready, $0, UInt64(strlen($0))) } }
        }
        return Double(count) / (seconds() - began)
    }
}
