import Formula

extension Company {
    /// What a set's definition says, with everything that it leads to: another text as soon as one formula in it is written otherwise.
    /// - Parameter set: `audience/best_customers`; any of `lifecycle/…` stands for the whole lifecycle.
    func signature(of set: String) -> String {
        var texts: [String] = []
        var seen: Set<String> = []
        func metric(_ key: String) {
            guard seen.insert("metric/\(key)").inserted, let metric = metrics.first(where: { $0.key == key }) else { return }
            // What a model learns changes members as time does, and is not what the definition says.
            if case .formula(let written) = metric.definition.way {
                texts.append("\(key): \(written.text)")
            } else {
                texts.append("\(key): \(metric.definition.way)")
            }
            for tree in metric.definition.trees { follow(tree) }
        }
        func audience(_ key: String) {
            guard seen.insert("audience/\(key)").inserted, let audience = audiences.first(where: { $0.key == key }) else { return }
            texts.append("\(key): \(audience.definition.who.text) | \(audience.definition.except?.text ?? "")")
            for tree in [audience.definition.who.tree, audience.definition.except?.tree].compactMap({ $0 }) { follow(tree) }
        }
        func stages() {
            guard seen.insert("lifecycle").inserted else { return }
            for stage in lifecycle.stages {
                texts.append("\(stage.name): \(stage.when?.text ?? "")")
                if let tree = stage.when?.tree { follow(tree) }
            }
        }
        func follow(_ tree: FormulaExpression) {
            let reads = FormulaReads(tree)
            for key in reads.metrics { metric(key) }
            for key in reads.audiences { audience(key) }
            if reads.isStage { stages() }
        }
        if set.hasPrefix("audience/") { audience(String(set.dropFirst("audience/".count))) } else { stages() }
        return Self.digest(texts.joined(separator: "\n"))
    }

    /// FNV-1a over the bytes (Fowler, Noll, Vo): enough to tell one text from the next of the same author.
    private static func digest(_ text: String) -> String {
        var high: UInt64 = 0xcbf2_9ce4_8422_2325
        var low: UInt64 = 0x9ae1_6a3b_2f90_404f
        for byte in text.utf8 {
            high = (high ^ UInt64(byte)) &* 0x100_0000_01b3
            low = (low ^ UInt64(byte)) &* 0x100_0000_01b3 &+ 1
        }
        return String(high, radix: 16) + String(low, radix: 16)
    }
}
