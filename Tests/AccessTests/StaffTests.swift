import Foundation
import GRDB
import Kernel
import Store
import Synchronization
import Testing

@testable import Access

/// A database in a new folder, a clock that the test sets, and repeatable randomness.
private final class Bench: Sendable {
    let folder = URL.temporaryDirectory.appending(path: "staff-\(UUID().uuidString)")
    let store: Store
    let time = Mutex(Instant(milliseconds: 1_800_000_000_000))
    private let random = Mutex(SeededRandom(seed: 7))
    static let passwords = Passwords()

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = try Store(path: folder.appending(path: "access.db").path, migrations: Staff.migrations)
    }
    deinit { try? FileManager.default.removeItem(at: folder) }

    func open() throws -> Staff {
        try Staff(
            store: store, clock: Clock { [self] in time.withLock { $0 } },
            randomness: Randomness { [self] count in random.withLock { r in (0..<count).map { _ in UInt8(truncatingIfNeeded: r.next()) } } },
            passwords: Self.passwords)
    }
    func pass(minutes: Int64) { time.withLock { $0 = Instant(milliseconds: $0.milliseconds + minutes * 60_000) } }
}

private let good = "correct horse battery"

extension Staff {
    /// The first administrator.
    fileprivate func founder() async throws -> Person {
        let first = try #require(try firstLink())
        return try await accept(first.secret, name: "Ann Founder", email: "ann@example.com", password: good)
    }
    fileprivate func enter(_ email: String = "ann@example.com", _ password: String = good, from address: String = "192.0.2.1") async throws -> (
        session: StaffSession, person: Person, secret: String
    ) { try await signIn(email: email, password: password, address: address, browser: "a test") }
}

@Suite struct `Mentions that somebody saw` {
    @Test func `are remembered over a restart, and only ever go forward`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        #expect(ann.mentionsSeenAt == nil)
        let seen = bench.time.withLock { $0 }
        try staff.sawMentions(ann.id, upTo: seen)
        #expect(staff.person(ann.id)?.mentionsSeenAt == seen)
        try staff.sawMentions(ann.id, upTo: Instant(milliseconds: seen.milliseconds - 1))
        try staff.change(ann.id, name: "Ann Again")
        let again = try bench.open()
        #expect(again.person(ann.id)?.mentionsSeenAt == seen)
        let stranger = PersonID(at: seen, randomness: Randomness { [UInt8](repeating: 1, count: $0) })
        #expect(throws: StaffProblem.unknown(stranger.description)) { try again.sawMentions(stranger, upTo: seen) }
    }

    @Test func `are none in a database from before there were mentions`() async throws {
        let folder = URL.temporaryDirectory.appending(path: "staff-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "access.db").path
        try Store(path: path, migrations: [Staff.migrations[0]]).write {
            try $0.execute(
                sql: """
                    INSERT INTO person (id, email, email_key, name, role, created_at)
                    VALUES ('\(PersonID(at: Instant(milliseconds: 5), randomness: Randomness { [UInt8](repeating: 2, count: $0) }))',
                        'a@example.com', 'a@example.com', 'Ann', 'agent', 5)
                    """)
        }
        let store = try Store(path: path, migrations: Staff.migrations)
        let staff = try Staff(
            store: store, clock: Clock { Instant(milliseconds: 9) }, randomness: Randomness { [UInt8](repeating: 3, count: $0) },
            passwords: Bench.passwords)
        #expect(staff.people.map(\.name) == ["Ann"] && staff.people[0].mentionsSeenAt == nil)
    }
}

@Suite struct `One-time links` {
    @Test func `the first link makes the administrator, once`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let old = try #require(try staff.firstLink()).secret
        let secret = try #require(try staff.firstLink()).secret
        #expect(try staff.link(old) == nil)
        let ann = try await staff.accept(secret, name: " Ann Founder ", email: "Ann@Example.com", password: good)
        #expect(ann.role == .administrator && ann.name == "Ann Founder" && ann.isActive)
        await #expect(throws: StaffProblem.link) { try await staff.accept(secret, name: "Eve", email: "eve@example.com", password: good) }
        #expect(try staff.firstLink() == nil)
        #expect(try bench.open().people == [ann])
    }

    @Test func `of two who use a link at once, one comes in`() async throws {
        let staff = try Bench().open()
        let secret = try #require(try staff.firstLink()).secret
        let came = await withTaskGroup(of: Bool.self) { group in
            for n in 0..<4 {
                group.addTask { (try? await staff.accept(secret, name: "N \(n)", email: "n\(n)@example.com", password: good)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(came == 1)
        #expect(staff.people.count == 1)
    }

    @Test func `a bad password, name or address leaves the link as it was`() async throws {
        let staff = try Bench().open()
        let secret = try #require(try staff.firstLink()).secret
        await #expect(throws: StaffProblem.passwordLength(11)) {
            try await staff.accept(secret, name: "Ann", email: "ann@example.com", password: "12345678901")
        }
        await #expect(throws: StaffProblem.passwordObvious) {
            try await staff.accept(secret, name: "Ann", email: "ann@example.com", password: "ann@example.com")
        }
        await #expect(throws: StaffProblem.passwordObvious) {
            try await staff.accept(secret, name: "Ann", email: "ann@example.com", password: "aaaaaaaaaaaaaaaa")
        }
        await #expect(throws: StaffProblem.email("nobody")) { try await staff.accept(secret, name: "Ann", email: "nobody", password: good) }
        await #expect(throws: StaffProblem.name(" ")) { try await staff.accept(secret, name: " ", email: "ann@example.com", password: good) }
        #expect(try staff.link(secret)?.purpose == .first)
        #expect(staff.people.isEmpty)
    }

    @Test func `an invitation lasts a week, and a new one takes its place`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        _ = try await staff.founder()
        let first = try staff.invite(email: "ben@example.com", role: .agent)
        let second = try staff.invite(email: "BEN@example.com", role: .lead)
        #expect(second.person.id == first.person.id && second.person.role == .lead)
        #expect(try staff.link(first.secret) == nil)
        bench.pass(minutes: 7 * 1440 - 1)
        #expect(try staff.link(second.secret)?.purpose == .invitation)
        bench.pass(minutes: 1)
        #expect(try staff.link(second.secret) == nil)
        await #expect(throws: StaffProblem.link) { try await staff.accept(second.secret, name: "Ben", password: good) }
    }

    @Test func `a reset sets the password and ends every session`() async throws {
        let staff = try Bench().open()
        let ann = try await staff.founder()
        let cookie = try await staff.enter().secret
        let secret = try staff.resetLink(for: ann.id).secret
        #expect(staff.session(cookie) != nil)
        _ = try await staff.accept(secret, password: "another good one")
        #expect(staff.session(cookie) == nil)
        await #expect(throws: StaffProblem.wrong) { try await staff.enter() }
        #expect(try await staff.enter("ann@example.com", "another good one").person.name == "Ann Founder")
    }

    @Test func `who comes in by a link starts anew with wrong tries`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        for _ in 0..<8 { _ = try? await staff.enter("ann@example.com", "not this one") }
        await #expect(throws: (any Error).self) { try await staff.enter() }
        _ = try await staff.accept(try staff.resetLink(for: ann.id).secret, password: "another good battery")
        _ = try staff.begin(ann.id, address: "192.0.2.1", browser: "Firefox")
        #expect(try await staff.enter("ann@example.com", "another good battery").person.id == ann.id)
    }

    @Test func `a disabled person has no use for a link`() async throws {
        let staff = try Bench().open()
        _ = try await staff.founder()
        let ben = try staff.invite(email: "ben@example.com", role: .agent)
        try staff.setDisabled(ben.person.id, true)
        #expect(try staff.link(ben.secret) == nil)
        #expect(throws: StaffProblem.emailTaken("ben@example.com")) { try staff.invite(email: "ben@example.com", role: .agent) }
    }
}

@Suite struct `Signing in` {
    @Test func `a session lives on across a restart, and neither its cookie nor the password is in any file`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        let made = try await staff.enter()
        #expect(try bench.open().session(made.secret)?.person.id == ann.id)
        for file in try FileManager.default.contentsOfDirectory(at: bench.folder, includingPropertiesForKeys: nil) {
            let bytes = try Data(contentsOf: file)
            for text in [String(made.secret.dropFirst(4)), good] { #expect(bytes.range(of: Data(text.utf8)) == nil, "\(file.lastPathComponent)") }
        }
    }

    @Test func `a session ends after 30 minutes unused, and after 12 hours in any case`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        _ = try await staff.founder()
        let unused = try await staff.enter().secret
        let used = try await staff.enter().secret
        bench.pass(minutes: 29)
        #expect(staff.session(unused, touching: false) != nil)
        #expect(staff.session(used) != nil)
        bench.pass(minutes: 1)
        #expect(staff.session(unused) == nil)
        #expect(staff.session(used) != nil)
        for _ in 0..<23 {
            bench.pass(minutes: 29)
            #expect(staff.session(used) != nil)
        }
        bench.pass(minutes: 23)
        #expect(staff.session(used) == nil)
        try staff.writeSeen()
        #expect(try bench.open().state.withLock { $0.sessions.isEmpty })
    }

    @Test func `nobody, a stranger, somebody not yet come and somebody disabled are refused alike`() async throws {
        let staff = try Bench().open()
        _ = try await staff.founder()
        let ben = try staff.invite(email: "ben@example.com", role: .agent)
        _ = try await staff.accept(ben.secret, name: "Ben", password: good)
        try staff.setDisabled(ben.person.id, true)
        _ = try staff.invite(email: "cy@example.com", role: .agent)
        for email in ["", "who@example.com", "ben@example.com", "cy@example.com", String(repeating: "x", count: 100_000)] {
            await #expect(throws: StaffProblem.wrong) { try await staff.enter(email) }
        }
        await #expect(throws: StaffProblem.wrong) { try await staff.enter("ann@example.com", String(repeating: "x", count: 100_000)) }
    }

    @Test func `after eight wrong tries from one place an account waits there, and nowhere else`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        _ = try await staff.founder()
        for _ in 0..<8 { await #expect(throws: StaffProblem.wrong) { try await staff.enter("ann@example.com", "wrong password") } }
        await #expect(throws: StaffProblem.paused(seconds: 900)) { try await staff.enter() }
        #expect(try await staff.enter(from: "192.0.2.99").person.name == "Ann Founder")
        bench.pass(minutes: 15)
        #expect(try await staff.enter().person.name == "Ann Founder")
    }

    @Test func `after forty wrong tries an address waits for every account`() async throws {
        let staff = try Bench().open()
        for n in 0..<40 { await #expect(throws: StaffProblem.wrong) { try await staff.enter("n\(n)@example.com", "wrong password") } }
        await #expect(throws: StaffProblem.paused(seconds: 900)) { try await staff.enter("other@example.com") }
    }

    @Test func `disabling somebody ends their sessions, and the last administrator stays`() async throws {
        let staff = try Bench().open()
        let ann = try await staff.founder()
        #expect(throws: StaffProblem.lastAdministrator) { try staff.setDisabled(ann.id, true) }
        #expect(throws: StaffProblem.lastAdministrator) { try staff.change(ann.id, role: .lead) }
        let ben = try staff.invite(email: "ben@example.com", role: .administrator)
        _ = try await staff.accept(ben.secret, name: "Ben", password: good)
        let cookie = try await staff.enter().secret
        try staff.setDisabled(ann.id, true)
        #expect(staff.session(cookie) == nil)
        try staff.setDisabled(ann.id, false)
        #expect(staff.session(cookie) == nil)
    }

    @Test func `signing out everywhere leaves the session one asks for`() async throws {
        let staff = try Bench().open()
        let ann = try await staff.founder()
        let here = try await staff.enter()
        let there = try await staff.enter()
        #expect(try staff.endAll(of: ann.id, but: here.session.id) == 1)
        #expect(staff.session(here.secret) != nil && staff.session(there.secret) == nil)
        #expect(throws: StaffProblem.unknown("\(there.session.id)")) { try staff.end(there.session.id, of: ann.id) }
    }

    @Test func `a person has twenty sessions at most: the one unused longest makes room`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        let secrets = try (0...Staff.sessionsOfOne).map { _ in
            bench.time.withLock { $0 = Instant(milliseconds: $0.milliseconds + 1) }
            return try staff.begin(ann.id, address: "", browser: "").secret
        }
        #expect(secrets.map { staff.session($0) != nil } == [false] + Array(repeating: true, count: Staff.sessionsOfOne))
        #expect(try bench.open().sessions(of: ann.id).count == Staff.sessionsOfOne)
    }

    @Test func `a new password needs the old one, and ends other sessions`() async throws {
        let staff = try Bench().open()
        let ann = try await staff.founder()
        let here = try await staff.enter()
        let there = try await staff.enter()
        await #expect(throws: StaffProblem.wrong) {
            try await staff.changePassword(of: ann.id, from: "wrong password", to: "another good one", keeping: here.session.id)
        }
        try await staff.changePassword(of: ann.id, from: good, to: "another good one", keeping: here.session.id)
        #expect(staff.session(here.secret) != nil && staff.session(there.secret) == nil)
        #expect(try await staff.enter("ann@example.com", "another good one").person.id == ann.id)
    }
}

@Suite struct `Teams` {
    @Test func `a team has members, one of whom may lead it`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        let ben = try staff.invite(email: "ben@example.com", role: .agent).person
        let team = try staff.saveTeam(nil, name: "Delivery", lead: ben.id, members: [ann.id, ben.id])
        #expect(try bench.open().teams == [team])
        #expect(staff.teams(of: ann.id) == [team])
        #expect(throws: StaffProblem.teamTaken("delivery")) { try staff.saveTeam(nil, name: "delivery", lead: nil, members: []) }
        #expect(throws: StaffProblem.leadIsNoMember) { try staff.saveTeam(team.id, name: "Delivery", lead: ben.id, members: [ann.id]) }
        try staff.deleteTeam(team.id)
        #expect(try bench.open().teams.isEmpty)
        #expect(throws: StaffProblem.unknown(team.id.description)) { try staff.deleteTeam(team.id) }
    }
}

@Suite struct `Typed ids` {
    @Test func `an id sorts by its time and is read back, and no other text is`() {
        var random = SeededRandom(seed: 1)
        let bytes = (0..<20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let earlier = PersonID(at: Instant(milliseconds: 1_000), randomness: Randomness { Array(bytes.suffix($0)) })
        let later = PersonID(at: Instant(milliseconds: 1_001), randomness: Randomness { Array(bytes.prefix($0)) })
        #expect(earlier < later)
        #expect(PersonID(later.description) == later)
        for text in ["", "per_", "tea_" + later.description.dropFirst(4), later.description + "0", String(later.description.dropLast()) + "u"] {
            #expect(PersonID(text) == nil, "\(text)")
        }
    }

    @Test func `lists are saved up to their limits, and those of others are left alone`() async throws {
        let bench = try Bench()
        let staff = try bench.open()
        let ann = try await staff.founder()
        for name in ["", "  ", String(repeating: "n", count: 61), "a\u{7}b"] {
            #expect(throws: StaffProblem.viewName(name.unicodeScalars.count)) { try staff.saveView(name, query: "", isShared: false, of: ann.id) }
        }
        #expect(throws: StaffProblem.viewTooLong(bytes: 2001)) {
            try staff.saveView("x", query: String(repeating: "q", count: 2001), isShared: false, of: ann.id)
        }
        let first = try staff.saveView(String(repeating: "n", count: 60), query: String(repeating: "q", count: 2000), isShared: false, of: ann.id)
        for n in 2...50 { try staff.saveView("list \(n)", query: "", isShared: false, of: ann.id) }
        #expect(throws: StaffProblem.tooManyViews) { try staff.saveView("one more", query: "", isShared: false, of: ann.id) }
        // The same name is the same list.
        let again = try staff.saveView("list 2", query: "did=x", isShared: true, of: ann.id)
        #expect(try staff.views(of: ann.id).count == 50)
        let other = try staff.invite(email: "other@example.com", role: .agent).person.id
        #expect(try staff.views(of: other) == [again])
        #expect(try staff.deleteView(again.id, of: other) == nil)
        #expect(try staff.deleteView(first.id, of: ann.id) == first && staff.views(of: ann.id).count == 49)
    }
}
