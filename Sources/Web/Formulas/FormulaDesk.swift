package import Audiences
import Customers
import Formula
import Kernel
import Synchronization

/// Where people and programs ask about formulas: what is wrong with one, what it means, for whom it holds. The API and the console ask
/// here, so that both hear the same words.
package struct FormulaDesk: Sendable {
    package let audiences: Audiences
    let gate: FormulaGate
    /// What customers have told of themselves, by its names.
    let traits: @Sendable () throws -> Set<String>

    package init(audiences: Audiences, gate: FormulaGate, traits: @escaping @Sendable () throws -> Set<String>) {
        self.audiences = audiences
        self.gate = gate
        self.traits = traits
    }

    /// What formulas may name at this moment.
    struct Words: Sendable {
        var names: FormulaNames
        var library: FormulaLibrary
        var titles: FormulaTitles
    }

    /// - Throws: a 503 problem until the definitions are at work for the first time.
    func words() throws -> Words {
        guard let company = audiences.company, let names = audiences.namesThatArrived(try traits()) else { throw Problem.notYetWorkedOut }
        return Words(names: names, library: company.library, titles: company.titles)
    }

    /// What a formula is meant to be.
    enum Kind: String, CaseIterable, Sendable {
        /// Yes or no of each customer.
        case condition
        /// A value of any kind.
        case value
    }

    /// What can be said of a formula without looking at anybody.
    struct Reading: Sendable {
        var faults: [FormulaReport.Flaw] = []
        var type: ValueType?
        /// Nil when it does not read.
        var tree: FormulaExpression?
    }

    /// Reads a formula and looks its names up.
    /// - Parameter circle: What it defines, `audience/best_customers`, so that it cannot name itself.
    func read(_ text: String, as kind: Kind, _ words: Words, of circle: String? = nil) -> Reading {
        var reading = Reading()
        do throws(FormulaProblem) {
            reading.tree = try Parser.parse(text)
            reading.type = try audiences.check(text, words.names, isCondition: kind == .condition, of: circle).type
        } catch {
            reading.faults = [
                FormulaReport.Flaw(error, in: text) { other in
                    do throws(FormulaProblem) {
                        _ = try audiences.check(other, words.names, isCondition: kind == .condition, of: circle)
                        return nil
                    } catch { return error }
                }
            ]
        }
        return reading
    }

    // MARK: Everybody

    /// Something that looks at everybody, on a thread of its own.
    /// - Throws: a 429 problem when too many ask at once.
    func ask<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T { try await gate.run(body) }
}

extension Company {
    /// What people call what formulas name by keys.
    var titles: FormulaTitles {
        FormulaTitles(
            metrics: Dictionary(metrics.map { ($0.key, $0.definition.name) }) { a, _ in a },
            audiences: Dictionary(audiences.map { ($0.key, $0.definition.name) }) { a, _ in a })
    }
}

/// Lets a few questions about everybody through at a time: each takes both cores.
package final class FormulaGate: Sendable {
    /// Questions at once.
    package static let most = 4
    private let running = Mutex(0)

    package init() {}

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let mayRun = running.withLock { running in
            guard running < Self.most else { return false }
            running += 1
            return true
        }
        guard mayRun else { throw Problem.tooManyFormulas }
        return try await withCheckedThrowingContinuation { done in
            startThread("ask") { [self] in
                let result = Result { try body() }
                running.withLock { $0 -= 1 }
                done.resume(with: result)
            }
        }
    }
}

extension Services {
    /// Where formulas are asked about.
    package var formulas: FormulaDesk {
        FormulaDesk(audiences: audiences, gate: formulaGate, traits: { [customers] in try customers.traitKeys() })
    }
}

extension Problem {
    static let notYetWorkedOut = Problem(
        status: 503, kind: "not-yet-worked-out", title: "The definitions are being put to work",
        detail: "What metrics, audiences and stages say is worked out in a moment. Ask again.", retryAfter: 2)
    static let tooManyFormulas = Problem(
        status: 429, kind: "too-many-formulas", title: "Too many ask at once",
        detail: "At most \(FormulaGate.most) formulas are worked out for everybody at once. Ask again in a moment.", retryAfter: 1)
    static func hiddenFromRole(_ name: String) -> Problem {
        Problem(
            status: 403, kind: "hidden", title: "This formula looks at what is hidden from your role",
            detail: "The definition `privacy` hides \(name) from your role, and what a formula says of it would tell it. Leave it out.")
    }
}
