import Definitions
import Kernel
import Pipeline
import Synchronization
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(5))) struct `Changes of definitions` {
    /// Takes its time to put something in force, as the ledger does.
    private final class SlowShelf: DefinitionShelf {
        let shelf = MemoryShelf { Instant(milliseconds: 0) }
        var inForce: [String: String] { shelf.inForce }
        func versions(of document: String?, before: DefinitionVersion.Place?, limit: Int) -> [DefinitionVersion] {
            shelf.versions(of: document, before: before, limit: limit)
        }
        func version(_ number: Int, of document: String) -> DefinitionVersion? { shelf.version(number, of: document) }
        func newest() -> [DefinitionVersion] { shelf.newest() }
        func put(_ documents: [String: String], of blueprint: Blueprint, by author: String) async throws {
            try await Task.sleep(for: .milliseconds(50))
            shelf.put(documents, of: blueprint, by: author)
        }
    }

    private static let audience = "audience:\n  key: buyers\n  name: Buyers\n  who: did(\"Order Completed\")\n"
    private static let webhook =
        "webhook:\n  key: crm\n  name: CRM\n  url: https://crm.example.com/\n  interactions: [Audience Entered]\n  audiences: [buyers]\n"

    @Test(arguments: [false, true])
    func `that take a document out leave in force what came in between`(isGoingBack: Bool) async throws {
        let shelf = MemoryShelf { Instant(milliseconds: 0) }
        let isBetween = Mutex(false)
        let kinds = DefinitionKinds(
            TestKinds.all.types,
            together: [
                { blueprint, _ in
                    guard isBetween.withLock({ $0 }) else { return }
                    shelf.put(["channels": "channels:\n  declared: [fax]\n"], of: blueprint, by: "Bob")
                }
            ])
        let book = DefinitionBook(kinds: kinds, shelf: shelf)
        let text = "workspace:\n  name: A\n"
        _ = try await book.save("workspace", text: text, basis: nil, by: "Ann")
        if isGoingBack {
            _ = try await book.remove("workspace", by: "Ann")
            _ = try await book.save("workspace", text: text, basis: nil, by: "Ann")
        }
        isBetween.withLock { $0 = true }
        let change = isGoingBack ? try await book.rollBack("workspace", to: 2, by: "Ann") : try await book.remove("workspace", by: "Ann")
        #expect(change == .init(document: .init(kind: "workspace", key: nil), what: .removed, version: isGoingBack ? 4 : 2))
        #expect(Array(shelf.inForce.keys) == ["channels"])
    }

    @Test func `are checked against what is in force when they come into force`() async throws {
        let book = DefinitionBook(kinds: TestKinds.withFormulas, shelf: SlowShelf())
        _ = try await book.save("audience/buyers", text: Self.audience, basis: nil, by: "Ann")
        let done = await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await book.remove("audience/buyers", by: "Ann")) != nil }
            group.addTask { (try? await book.save("webhook/crm", text: Self.webhook, basis: nil, by: "Bob")) != nil }
            return await group.reduce(into: []) { $0.append($1) }
        }
        // Whoever came second heard that the other's change does not go with theirs.
        #expect(done.count { $0 } == 1 && book.shelf.inForce.count == (book.shelf.inForce["webhook/crm"] == nil ? 0 : 2))
    }

    @Test func `that began with the same version do not take each other away`() async throws {
        let book = DefinitionBook(kinds: TestKinds.all, shelf: SlowShelf())
        let done = await withTaskGroup(of: Bool.self) { group in
            for n in 0..<8 {
                group.addTask {
                    do {
                        _ = try await book.save("workspace", text: "workspace:\n  name: N\(n)\n", basis: 0, by: "Ann")
                        return true
                    } catch DefinitionsProblem.overtaken {
                        return false
                    } catch {
                        Issue.record(error)
                        return false
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(done.count { $0 } == 1 && (try? book.newest(of: "workspace"))??.number == 1)
    }
}
