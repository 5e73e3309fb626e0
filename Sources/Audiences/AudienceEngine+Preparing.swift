import Formula
import Kernel
import Ledger
import Pipeline
import Synchronization
import Timeline

/// What takes long is done beside the engine's thread: what was in force stays in force meanwhile, and people enter and leave by it.
extension AudienceEngine {
    /// Definitions that can be put to work.
    struct Prepared: Sendable {
        var inForce: InForce
        var everybody: Everybody
        var models: [String: ModelState]
        /// How many there were before models were fitted.
        var interactions: Int
        /// History that nobody has looked at; nil when that was asked before.
        var history: History?
    }

    var hasDefinitions: Bool { state.withLock { $0.inForce != nil } }
    /// Whether anything is learned.
    var hasModels: Bool { state.withLock { !$0.models.isEmpty } }

    /// Reads what the definitions ask of old interactions, and works out what they need to know of everybody.
    /// - Returns: Whether it began to: false when what is in force says the same.
    func prepare(looksBack: Bool) -> Bool {
        let (company, zone) = company()
        let program = InForce.program(company)
        let before = state.withLock { state in
            if state.inForce == nil || state.inForce?.program.selectors != program.selectors { state.phase = .preparing(nil) }
            return state.inForce.map { (inForce: $0, everybody: state.everybody, models: state.models) }
        }
        if let before = before?.inForce, before.company.isDefined(as: company), before.bound.binding.zone == zone { return false }
        startThread("preparing", isPatient: before != nil) { [self] in
            let result = Result {
                var new = try prepared(company, program, zone, before)
                if looksBack { new.history = try lookBack() }
                return new
            }
            box.send(.prepared(result))
        }
        return true
    }

    private func prepared(
        _ company: Company, _ program: Program, _ zone: Zone, _ known: (inForce: InForce, everybody: Everybody, models: [String: ModelState])?
    ) throws -> Prepared {
        let before = known?.inForce
        let wanted = program.selectors.union(before?.program.selectors ?? [])
        let pipeline = pipeline
        let selectors = try wait { try await pipeline.select(wanted) }
        let new = InForce(company, program, try bind(program, selectors, zone))
        var everybody = Everybody()
        let interactions = pipeline.timeline.interactions
        // A metric that says what it said goes on with what it has learned, also when that cannot be learned again.
        let same = company.metrics.filter { metric in
            known?.inForce.company.metrics.contains { $0.key == metric.key && $0.definition == metric.definition } ?? false
        }
        var learned: [String: ModelState] = [:]
        for metric in same {
            if case .failed? = known?.models[metric.key] { continue }
            learned[metric.key] = known?.models[metric.key]
        }
        let models = fitModels(new, &everybody, but: Set(learned.keys)).merging(learned) { _, kept in kept }
        for key in same.map(\.key) {
            let hasFailed = if case .failed? = models[key] { true } else { false }
            if learned[key] != nil || hasFailed, let model = known?.everybody.models[key] { everybody.models[key] = model }
        }
        if !program.ranked.isEmpty { everybody = ranks(of: new, everybody) }
        return Prepared(inForce: new, everybody: everybody, models: models, interactions: interactions)
    }

    func bind(_ program: Program, _ selectors: [Selector: UInt16], _ zone: Zone) throws -> BoundProgram {
        try BoundProgram(
            program,
            Binding(
                events: pipeline.names.all, selectors: selectors, vocabulary: ledger.vocabulary, texts: pipeline.texts, keepsTexts: true, zone: zone))
    }

    /// Puts definitions to work: whom they find is written down.
    /// - Parameter history: When there is some that nobody has looked at, everybody is found anew.
    func putToWork(_ new: Prepared, after history: History) throws {
        try settle(new.inForce, new.everybody, after: history)
        let before = state.withLock { state in
            defer {
                state.inForce = new.inForce
                state.everybody = new.everybody
                state.models = new.models
            }
            return state.inForce
        }
        // What was only asked is asked again when somebody does.
        asked.withLock { $0.numbers = [:] }
        let (selectors, pipeline) = (new.inForce.program.selectors, pipeline)
        if let before, !before.program.selectors.isSubset(of: selectors) { _ = try wait { try await pipeline.select(selectors) } }
    }

    /// Fits the models again, to what happened since.
    func fitAgain() {
        guard let (inForce, before) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return }
        startThread("fitting", isPatient: true) { [self] in
            var everybody = before
            let models = fitModels(inForce, &everybody)
            box.send(.fitted(models, everybody))
        }
    }

    /// What cannot be fitted any more stays as it was fitted last.
    func use(_ models: [String: ModelState], _ everybody: Everybody) {
        state.withLock { state in
            for (key, model) in models {
                if case .failed = model, state.everybody.models[key] != nil { continue }
                state.everybody.models[key] = everybody.models[key]
            }
            state.models = models
        }
    }
}
