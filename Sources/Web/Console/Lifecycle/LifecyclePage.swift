import Access
import Audiences
import Audit
import Definitions
import Formula
import Kernel
import Rendering

/// The lifecycle: how many are in each stage, how many move where, how long they stay.
extension Console {
    static let lifecycleRoutes: [PageRoute] = [
        PageRoute(.get, "/lifecycle", .read, to: "see the lifecycle") { try await $0.lifecyclePage($1) },
        PageRoute(.get, "/lifecycle/:stage", .read, to: "see the lifecycle", audit: .view) { try await $0.stagePage($1.parameters[0], $1) },
    ]
    /// Where the lifecycle is written down.
    static let lifecycleDocument = "/settings/definitions/lifecycle"
    /// Weeks that are looked at for how long customers stay.
    static let lifecycleWeeks = 12
    /// Weeks of which moves are the mean.
    static let moveWeeks = 4
    private static let week: Int64 = 604_800_000

    /// What there is to show of a lifecycle.
    struct LifecycleState: Sendable {
        var company: Company
        var sizes: [String: Audiences.Size]
        /// Nil while it is worked out.
        var flow: Audiences.Flow?

        var stages: [LifecycleDefinition.Stage] { company.lifecycle.stages }
        func size(_ stage: LifecycleDefinition.Stage) -> Audiences.Size? { sizes["lifecycle/\(stage.name)"] }
        var people: Int { stages.reduce(0) { $0 + (size($1)?.people ?? 0) } }
        var titles: FormulaTitles {
            FormulaTitles(
                metrics: Dictionary(company.metrics.map { ($0.key, $0.definition.name) }) { a, _ in a },
                audiences: Dictionary(company.audiences.map { ($0.key, $0.definition.name) }) { a, _ in a })
        }
    }

    /// Nil while the definitions are being put to work, or without a lifecycle.
    func lifecycleState(_ now: Instant) throws -> LifecycleState? {
        guard let audiences = services.audiences, let company = audiences.company, !company.lifecycle.stages.isEmpty else { return nil }
        return LifecycleState(
            company: company, sizes: try audiences.sizes(since: now + -Self.week),
            flow: audiences.flow(last: now, weeks: Self.lifecycleWeeks))
    }

    /// Where the lifecycle is changed by who may, and where the others see how it is written.
    func lifecyclePlace(_ visit: Visit) -> String {
        visit.may(.administer) && services.formulas != nil ? Self.editPlace(.lifecycle, nil) : Self.lifecycleDocument
    }

    func lifecyclePage(_ visit: Visit) async throws -> PageAnswer {
        let asked = visit.request.query["part"]
        let lifeEvents = lifeEventFields(visit.formats)
        if asked == "life" { return try part("life-events", lifeEvents) }
        let isPart = asked != nil
        var fields: Fields = ["document": lifecyclePlace(visit), "mayChange": visit.may(.administer), "again": "/lifecycle?part=1"]
        fields.merge(lifeEvents)
        guard let state = try lifecycleState(visit.formats.now) else {
            let isDefined = services.definitions.shelf.inForce["lifecycle"] != nil
            fields[isDefined ? "isPreparing" : "isEmpty"] = true
            fields["example"] = isDefined ? nil : LifecycleDefinition.guide.example
            return isPart ? try part("lifecycle-body", fields) : try await page("lifecycle", title: "Lifecycle", room: "lifecycle", visit, fields)
        }
        fields["isDefined"] = true
        fields["people"] = Formats.counted(state.people, "customer")
        fields["owner"] = state.company.lifecycleOwner
        fields["time"] = visit.formats.time(visit.formats.now)
        fields["stages"] = state.stages.enumerated().map { row($0, $1, state) }
        let said = try await quotes(from: state.stages.map(\.name), each: 1, visit.formats)
        fields["quotes"] = state.stages.compactMap { stage -> Fields? in
            guard var quote = said[stage.name]?.first else { return nil }
            quote["stage"] = stage.name
            return quote
        }
        fields["hasQuotes"] = !said.isEmpty
        if let flow = state.flow {
            fields.merge(picture(state, flow, visit.formats))
        } else {
            fields["isWaiting"] = true
        }
        return isPart ? try part("lifecycle-body", fields) : try await page("lifecycle", title: "Lifecycle", room: "lifecycle", visit, fields)
    }

    private func row(_ place: Int, _ stage: LifecycleDefinition.Stage, _ state: LifecycleState) -> Fields {
        let size = state.size(stage)
        let count = size?.people ?? 0
        let most = Double(max(1, state.stages.map { state.size($0)?.people ?? 0 }.max() ?? 1))
        return [
            "href": "/lifecycle/" + Parameters.encoded(stage.name), "name": stage.name, "count": Formats.number(count),
            "share": Formats.share(count, of: state.people), "width": Formats.drawn(96 * Double(count) / most),
            "entered": state.flow.map { Formats.number(Self.came(to: place, $0)) } ?? "…",
            "left": state.flow.map { Formats.number(Self.gone(from: place, $0)) } ?? "…",
            "stay": state.flow.map { Self.weeks($0.medianWeeks[place]) } ?? "…", "wants": stage.wants,
            "owner": stage.owner ?? state.company.lifecycleOwner,
        ]
    }

    /// `3.5 weeks`; of nobody who left: a dash.
    static func weeks(_ median: Double?) -> String {
        median.map { $0 == 1 ? "1 week" : Formats.number($0, places: 1) + " weeks" } ?? "–"
    }

    /// Who is in a stage and was not a week before: in another, or not there at all.
    static func came(to place: Int, _ flow: Audiences.Flow) -> Int {
        (flow.moves.last?.reduce(0) { $0 + $1[place] } ?? 0) + (flow.new.last?[place] ?? 0)
    }
    /// Who was in a stage a week before and is in another now.
    static func gone(from place: Int, _ flow: Audiences.Flow) -> Int { flow.moves.last?[place].reduce(0, +) ?? 0 }

    /// The means of the newest weeks, and of as many before them.
    static func moves(_ flow: Audiences.Flow, _ weeks: Range<Int>) -> [LifecyclePicture.Move] {
        let count = flow.sizes.first?.count ?? 0
        let within = weeks.clamped(to: 0..<flow.moves.count)
        return (0..<count).flatMap { from in
            (0..<count).compactMap { to in
                let sum = flow.moves[within].reduce(0) { $0 + $1[from][to] }
                return sum == 0 ? nil : .init(from: from, to: to, perWeek: Double(sum) / Double(Self.moveWeeks))
            }
        }
    }

    private func picture(_ state: LifecycleState, _ flow: Audiences.Flow, _ formats: Formats) -> Fields {
        let weeks = flow.moves.count
        let now = Self.moves(flow, weeks - Self.moveWeeks..<weeks)
        let before = Self.moves(flow, weeks - 2 * Self.moveWeeks..<weeks - Self.moveWeeks)
        let new = Double(flow.new.suffix(Self.moveWeeks).reduce(0) { $0 + ($1.first ?? 0) }) / Double(Self.moveWeeks)
        let stages = state.stages.map { LifecyclePicture.Stage(name: $0.name, count: state.size($0)?.people ?? 0) }
        let picture = LifecyclePicture(stages: stages, moves: now, new: new)
        let names = stages.map(\.name)
        func mean(_ moves: [LifecyclePicture.Move], _ from: Int, _ to: Int) -> Double {
            moves.first { $0.from == from && $0.to == to }?.perWeek ?? 0
        }
        let pairs = Set((now + before).map { [$0.from, $0.to] }).sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
        var fields: Fields = [
            "picture": [
                "said": "\(Formats.counted(stages.count, "stage")) with how many customers are in each, and how many move between them in a week. "
                    + "The same numbers are in the tables below.",
                "wide": picture.fitsWide ? picture.wide : nil, "tall": picture.tall,
            ] as Fields,
            "moves": pairs.map { pair -> Fields in
                [
                    "from": names[pair[0]], "to": names[pair[1]], "perWeek": LifecyclePicture.words(mean(now, pair[0], pair[1])),
                    "last": Formats.number(flow.moves.last?[pair[0]][pair[1]] ?? 0),
                    "before": LifecyclePicture.words(mean(before, pair[0], pair[1])),
                ]
            },
            "newRows": stages.indices.compactMap { place -> Fields? in
                let sum = flow.new.suffix(Self.moveWeeks).reduce(0) { $0 + $1[place] }
                let sumBefore = flow.new.dropLast(Self.moveWeeks).suffix(Self.moveWeeks).reduce(0) { $0 + $1[place] }
                guard sum + sumBefore > 0 else { return nil }
                return [
                    "to": names[place], "perWeek": LifecyclePicture.words(Double(sum) / Double(Self.moveWeeks)),
                    "last": Formats.number(flow.new.last?[place] ?? 0), "before": LifecyclePicture.words(Double(sumBefore) / Double(Self.moveWeeks)),
                ]
            },
            "until": flow.moments.last.map { formats.shortDay($0) + ", " + formats.time($0) },
        ]
        fields["hasMoves"] = !pairs.isEmpty
        fields["finding"] = Self.finding(now, before, names)
        return fields
    }

    /// The move that changed the most against the weeks before, as far as chance does not explain it; else what moves most.
    ///
    /// Both are counts over equally many weeks, so their difference has a standard deviation of about the root of their sum; three of
    /// them, as many moves are compared.
    static func finding(_ now: [LifecyclePicture.Move], _ before: [LifecyclePicture.Move], _ names: [String]) -> Fields? {
        var best: (move: LifecyclePicture.Move, before: Double, score: Double)?
        let gone = before.filter { b in !now.contains { $0.from == b.from && $0.to == b.to } }.map {
            LifecyclePicture.Move(from: $0.from, to: $0.to, perWeek: 0)
        }
        for move in now + gone {
            let was = before.first { $0.from == move.from && $0.to == move.to }?.perWeek ?? 0
            let (a, b) = (move.perWeek * Double(moveWeeks), was * Double(moveWeeks))
            let score = abs(a - b) / max(1, (a + b).squareRoot())
            if score >= 3, score > best?.score ?? 0 { best = (move, was, score) }
        }
        if let best {
            let many = LifecyclePicture.words(best.move.perWeek)
            return [
                "strong":
                    "\(many) a week go from \(names[best.move.from]) to \(names[best.move.to]), against \(LifecyclePicture.words(best.before)) in the \(moveWeeks) weeks before.",
                "rest": "That is more than chance explains.",
            ]
        }
        guard let most = now.max(by: { $0.perWeek < $1.perWeek }) else { return nil }
        return [
            "strong": "Most go from \(names[most.from]) to \(names[most.to]): \(LifecyclePicture.words(most.perWeek)) a week.",
            "rest": "Against the \(moveWeeks) weeks before, no move changed by more than chance explains.",
        ]
    }
}

extension Formats {
    /// `37.1%`; of nothing: `0%`.
    static func share(_ part: Int, of whole: Int) -> String {
        whole > 0 ? number(100 * Double(part) / Double(whole), places: 1) + "%" : "0%"
    }
}
