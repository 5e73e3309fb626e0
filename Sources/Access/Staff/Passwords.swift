import CSodium
import Glibc
import Kernel
import Synchronization

/// Hashes and checks passwords with argon2id (RFC 9106) at libsodium's interactive limits: 64 MiB of memory and two passes,
/// about a tenth of a second. On two threads of its own, and no more than so many waiting at a time: a flood of sign-ins must
/// neither take the server's threads nor its memory.
package final class Passwords: Sendable {
    /// Passwords that may wait, unless another number is given; more are refused with ``StaffProblem/busy``.
    package static let waiting = 64
    /// Threads that hash.
    package static let threads = 2

    private struct Job: Sendable {
        var password: String
        /// To check against; nil to make a new one.
        var hash: String?
        var done: CheckedContinuation<String?, Never>
    }
    private let jobs = Mailbox<Job>()
    private let count = Atomic<Int>(0)
    /// What is checked when there is nobody to check: it takes as long.
    private let nobody: String
    private let most: Int

    /// - Parameter waiting: Passwords that may wait at a time.
    package init(waiting: Int = Passwords.waiting) {
        _ = sodium_init()
        most = waiting
        nobody = Self.hash("nobody has this password") ?? ""
        for n in 1...Self.threads { startThread("password \(n)") { [self] in work() } }
    }

    /// The text to store: `$argon2id$v=19$m=65536,t=2,p=1$…`.
    /// - Throws: ``StaffProblem/busy``.
    package func hash(_ password: String) async throws -> String {
        guard let hash = try await run(password, nil) else { throw StaffProblem.busy }
        return hash
    }

    /// Whether a password is the one that was hashed; false after the same time when there is no hash.
    /// - Throws: ``StaffProblem/busy``.
    package func check(_ password: String, _ hash: String?) async throws -> Bool {
        let right = try await run(password, hash ?? nobody) != nil
        return right && hash != nil
    }

    private func run(_ password: String, _ hash: String?) async throws -> String? {
        guard count.add(1, ordering: .relaxed).newValue <= most else {
            count.subtract(1, ordering: .relaxed)
            throw StaffProblem.busy
        }
        defer { count.subtract(1, ordering: .relaxed) }
        return await withCheckedContinuation { done in
            if !jobs.send(Job(password: password, hash: hash, done: done)) { done.resume(returning: nil) }
        }
    }

    private func work() {
        while true {
            for job in jobs.take() {
                guard let hash = job.hash else {
                    job.done.resume(returning: Self.hash(job.password))
                    continue
                }
                let right = job.password.withCString { crypto_pwhash_str_verify(hash, $0, UInt64(strlen($0))) == 0 }
                job.done.resume(returning: right ? hash : nil)
            }
        }
    }

    /// Nil when there is no memory for it.
    private static func hash(_ password: String) -> String? {
        var out = [CChar](repeating: 0, count: Int(crypto_pwhash_strbytes()))
        let code = password.withCString {
            crypto_pwhash_str(&out, $0, UInt64(strlen($0)), UInt64(crypto_pwhash_opslimit_interactive()), crypto_pwhash_memlimit_interactive())
        }
        return code == 0 ? String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
