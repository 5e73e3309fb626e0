import FoundationEssentials
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store

/// Likely duplicates that no rule joins, for somebody to decide.
///
/// The reaction notes who said something new about name, address or phone; comparing is done beside the pipeline, since
/// nothing else waits for it.
extension Customers {
    /// Open reviews, the oldest first.
    ///
    /// - Parameters:
    ///   - limit: 1 to 200.
    ///   - after: the id of the last one seen.
    package func reviews(limit: Int, after: Int64? = nil) throws -> [Review] {
        let people = pipeline.people
        var found: [Review] = []
        try store.read { db in
            let rows = try Row.fetchCursor(db, sql: Self.openReviews, arguments: [after ?? 0])
            while found.count < min(max(limit, 1), 200), let row = try rows.next() {
                let a = people.root(row["a"])
                let b = people.root(row["b"])
                // Joined by what is being concluded just now.
                guard a != b else { continue }
                let reasons: String = row["reasons"]
                found.append(
                    Review(
                        id: row["id"], a: CustomerID(raw: a), b: CustomerID(raw: b), likeness: row["likeness"],
                        reasons: (try? JSONDecoder().decode([String].self, from: Data(reasons.utf8))) ?? [], at: Instant(milliseconds: row["at"])))
            }
        }
        return found
    }

    static let openReviews = "SELECT * FROM review WHERE decided_at IS NULL AND hidden = 0 AND id > ? ORDER BY id"

    /// Says whether the two are one person: joins them, or keeps them apart for good.
    ///
    /// - Throws: ``CustomersProblem/noReview(_:)``, ``LedgerProblem``
    package func decide(review id: Int64, same: Bool, by author: String) async throws {
        let row = try store.read {
            try Row.fetchOne($0, sql: "SELECT a, b FROM review WHERE id = ? AND decided_at IS NULL AND hidden = 0", arguments: [id])
        }
        guard let row else { throw CustomersProblem.noReview(id) }
        let a: UInt32 = row["a"]
        let b: UInt32 = row["b"]
        let command: Command = same ? .merge(a: a, b: b, author: author, note: nil, reviewed: true) : .apart(a: a, b: b, author: author)
        _ = try await pipeline.perform(command, randomness: randomness)
        tables.forget()
        // Somebody else may have been quicker.
        let ours = try store.read {
            try Bool.fetchOne($0, sql: "SELECT count(*) FROM review WHERE id = ? AND decided_by = ? AND same = ?", arguments: [id, author, same])
        }
        guard ours == true else { throw CustomersProblem.noReview(id) }
    }

    /// Takes a decision back: whom it joined are two again, whom it kept apart may be joined again, and the pair waits for somebody
    /// as before. After the state was worked out anew it comes into the queue when the two were compared again, a second or so later.
    ///
    /// - Returns: Whether somebody has to decide again; false when something else makes the two one person by now, or keeps them apart.
    /// - Throws: ``CustomersProblem/noDecision(_:)`` when there is none, or it holds no longer; ``LedgerProblem``
    @discardableResult package func reopen(review id: Int64, by author: String) async throws -> Bool {
        let row = try store.read {
            try Row.fetchOne(
                $0,
                sql: """
                    SELECT a, b FROM review WHERE id = ? AND CASE same
                        WHEN 1 THEN EXISTS (SELECT 1 FROM merge WHERE reason = 3 AND undone_at IS NULL
                            AND (merge.a = review.a AND merge.b = review.b OR merge.a = review.b AND merge.b = review.a))
                        WHEN 0 THEN EXISTS (SELECT 1 FROM apart WHERE apart.a = review.a AND apart.b = review.b) END
                    """, arguments: [id])
        }
        guard let row else { throw CustomersProblem.noDecision(id) }
        let a: UInt32 = row["a"]
        let b: UInt32 = row["b"]
        _ = try await pipeline.perform(.reopen(a: a, b: b, author: author), randomness: randomness)
        tables.forget()
        let people = pipeline.people
        return try people.root(a) != people.root(b) && !store.read { try Reviews.areApart(a, b, people, $0) }
    }

    /// Raw customers compared in one transaction.
    private static let batch = 50
    /// How long such a transaction may go on before the next customer waits for another.
    private static let longest = Duration.milliseconds(10)

    /// Compares some customers who said something new with those they could be. Called in the background until it says
    /// that there is nothing left.
    ///
    /// - Returns: whether there may be more to compare.
    package func compareSome() throws -> Bool {
        let waiting = try store.read {
            try UInt32.fetchAll($0, sql: "SELECT customer_id FROM unreviewed ORDER BY customer_id LIMIT ?", arguments: [Self.batch])
        }
        guard !waiting.isEmpty else { return false }
        let rules = pipeline.rules
        let began = ContinuousClock.now
        return try store.write { db in
            for (i, customer) in waiting.enumerated() {
                // The pipeline waits for this transaction.
                if i > 0, ContinuousClock.now - began > Self.longest { return true }
                try compare(customer, rules, db)
                try db.execute(sql: "DELETE FROM unreviewed WHERE customer_id = ?", arguments: [customer])
            }
            return waiting.count == Self.batch
        }
    }

    private func compare(_ customer: UInt32, _ rules: IdentityRules, _ db: Database) throws {
        let vocabulary = ledger.vocabulary
        func person(_ c: UInt32) throws -> Likeness.Person {
            Likeness.Person(.object(try traits([c], vocabulary, db).map { JSON.Member($0.key, $0.value) }), rules: rules)
        }
        let me = try person(customer)
        guard !me.isEmpty, !isErased(customer) else { return }
        try db.execute(sql: "DELETE FROM likeness WHERE customer_id = ?", arguments: [customer])
        var others: Set<UInt32> = []
        for key in Likeness.blockingKeys(of: me) {
            // A key that very many share tells nothing.
            let sharing = try UInt32.fetchAll(
                db.cachedStatement(sql: "SELECT customer_id FROM likeness WHERE key = ? LIMIT \(Likeness.largestBlock + 1)"), arguments: [key])
            if sharing.count <= Likeness.largestBlock { others.formUnion(sharing) }
            try db.execute(sql: "INSERT INTO likeness (key, customer_id) VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [key, customer])
        }
        let people = pipeline.people
        let root = people.root(customer)
        for other in others where people.root(other) != root {
            let verdict = Likeness.compare(me, try person(other))
            guard verdict.likeness >= Likeness.threshold, try !Reviews.areApart(customer, other, people, db) else { continue }
            let reasons = String(decoding: try JSONEncoder().encode(verdict.reasons), as: UTF8.self)
            try db.execute(
                sql: """
                    INSERT INTO review (a, b, likeness, reasons, at) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (a, b) DO UPDATE SET likeness = excluded.likeness, reasons = excluded.reasons, hidden = 0
                    WHERE review.decided_at IS NULL
                    """, arguments: [min(customer, other), max(customer, other), verdict.likeness, reasons, clock.now.milliseconds])
        }
    }
}

/// What the pipeline keeps right of reviews.
enum Reviews {
    /// Works out anew which reviews of these raw customers wait for somebody: those of two who are neither one person nor told apart.
    static func regroup(_ customers: [UInt32], _ people: People, _ db: Database) throws {
        let find = try db.cachedStatement(
            sql: """
                SELECT id, a, b, hidden FROM review WHERE a = $1 AND decided_at IS NULL
                UNION ALL SELECT id, a, b, hidden FROM review WHERE b = $1 AND decided_at IS NULL
                """)
        for customer in customers {
            for row in try Row.fetchAll(find, arguments: [customer]) {
                let a: UInt32 = row["a"]
                let b: UInt32 = row["b"]
                let hidden = try people.root(a) == people.root(b) || areApart(a, b, people, db)
                guard hidden != row["hidden"] else { continue }
                try db.execute(sql: "UPDATE review SET hidden = ? WHERE id = ?", arguments: [hidden, row["id"] as Int64])
            }
        }
    }

    /// Notes a decision. After the state was lost there is no review yet when its decision comes by; what the two are alike in is
    /// not known any more then, nor shown.
    static func decide(_ decision: Decision, _ db: Database) throws {
        let (a, b) = (min(decision.a, decision.b), max(decision.a, decision.b))
        try db.execute(
            sql: """
                INSERT INTO review (a, b, likeness, reasons, at, decided_at, decided_by, same) VALUES ($1, $2, 0, '[]', $3, $3, $4, $5)
                ON CONFLICT (a, b) DO UPDATE SET decided_at = $3, decided_by = $4, same = $5 WHERE decided_at IS NULL
                """, arguments: [a, b, decision.at.milliseconds, decision.author, decision.same])
    }

    /// Takes a decision back. One that was only read from the ledger does not say what the two are alike in: they are compared again.
    static func reopen(_ a: UInt32, _ b: UInt32, _ db: Database) throws {
        let pair: StatementArguments = [min(a, b), max(a, b)]
        try db.execute(sql: "DELETE FROM review WHERE a = ? AND b = ? AND decided_at IS NOT NULL AND likeness = 0", arguments: pair)
        if db.changesCount > 0 {
            for customer in [a, b] {
                try db.execute(sql: "INSERT INTO unreviewed (customer_id) VALUES (?) ON CONFLICT DO NOTHING", arguments: [customer])
            }
        }
        try db.execute(sql: "UPDATE review SET decided_at = NULL, decided_by = NULL, same = NULL WHERE a = ? AND b = ?", arguments: pair)
    }

    /// Whether somebody said of any of the two persons' raw customers that they are two people.
    static func areApart(_ a: UInt32, _ b: UInt32, _ people: People, _ db: Database) throws -> Bool {
        let smaller = people.smaller(a, b)
        let others = people.root(people.root(smaller[0]) == people.root(a) ? b : a)
        let statement = try db.cachedStatement(sql: "SELECT b FROM apart WHERE a = $1 UNION ALL SELECT a FROM apart WHERE b = $1")
        for m in smaller {
            for other in try UInt32.fetchAll(statement, arguments: [m]) where people.root(other) == others { return true }
        }
        return false
    }
}
