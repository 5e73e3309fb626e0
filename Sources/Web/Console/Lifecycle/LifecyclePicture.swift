import Rendering

/// The stages of a lifecycle and how many customers move between them in a week, as a drawing: discs side by side with arcs on a
/// desk, rows with brackets beside them on a phone and where there are many stages.
struct LifecyclePicture: Sendable {
    struct Stage: Sendable, Equatable {
        var name: String
        var count: Int
    }
    struct Move: Sendable, Equatable {
        /// Places of stages.
        var from: Int
        var to: Int
        /// How many do it in a week.
        var perWeek: Double

        var isOnwards: Bool { to > from }
        var span: ClosedRange<Int> { min(from, to)...max(from, to) }
        /// Whether two share a stretch between stages, so that they must not be drawn at one height.
        func overlaps(_ other: Move) -> Bool { max(span.lowerBound, other.span.lowerBound) < min(span.upperBound, other.span.upperBound) }
    }
    let stages: [Stage]
    /// The most first.
    let moves: [Move]
    /// How many new customers come into the first stage in a week.
    let new: Double

    /// The most stages that stand side by side; more stand below each other on every screen.
    static let mostWide = 9
    /// The most moves that are drawn side by side: more would crowd.
    static let mostArcs = 10

    init(stages: [Stage], moves: [Move], new: Double) {
        self.stages = stages
        self.moves = moves.filter { $0.perWeek > 0 }.sorted { ($1.perWeek, $0.from, $0.to) < ($0.perWeek, $1.from, $1.to) }
        self.new = new
    }

    var fitsWide: Bool { stages.count <= Self.mostWide }

    /// `612`, `3.5`: of a mean.
    static func words(_ perWeek: Double) -> String { perWeek >= 10 ? Formats.number(Int(perWeek.rounded())) : Formats.number(perWeek, places: 1) }

    /// As much of a name as fits into a width, at so many units a letter.
    static func cut(_ name: String, to width: Double, letter: Double) -> String {
        let most = max(3, Int(width / letter))
        return name.count <= most ? name : name.prefix(most - 1) + "…"
    }

    /// A name in as few lines as fit into a width, of at most `mostLines`; what does not fit even so is cut.
    static func lines(_ name: String, to width: Double, letter: Double, mostLines: Int = 3) -> [String] {
        let words = name.split(separator: " ").map(String.init)
        let most = Int(width / letter)
        func broken(at limit: Int) -> [String] {
            words.reduce(into: []) { lines, word in
                if let last = lines.last, last.count + 1 + word.count <= limit { lines[lines.count - 1] += " " + word } else { lines.append(word) }
            }
        }
        // Lines of about one length, as few as there can be: the least limit at which there are no more.
        for count in 1...mostLines {
            let limit = (1...max(1, name.count)).first { broken(at: $0).count <= count } ?? name.count
            let lines = broken(at: limit)
            if count == mostLines || count == words.count || lines.allSatisfy({ $0.count <= most }) {
                return lines.map { cut($0, to: width, letter: letter) }
            }
        }
        return [cut(name, to: width, letter: letter)]
    }

    /// How wide a move is drawn, of at most `most` units: amount shows as width.
    private func breadth(_ perWeek: Double, most: Double) -> Double {
        let largest = max(moves.first?.perWeek ?? 0, new)
        return largest > 0 ? max(1.5, most * perWeek / largest) : 1.5
    }

    private static func drawn(_ value: Double) -> String { Formats.drawn(value) }

    // MARK: Side by side

    private struct Wide {
        static let width = 1160.0
        static let middle = 0.0
        static let letter = 7.2
        /// Where a window is narrow letters are larger against the picture, and beside each other that counts.
        static let largeLetter = 8.2
        static let line = 15.0
        /// What a disc's name and number take below it, with one line of name.
        static let below = 32.0
        /// How much of the width is discs, of few stages and of many.
        static let share = (few: 0.55, many: 0.36)
        static let few = 7
        /// Discs by stage: where, how large, and the lines of its name.
        var discs: [(x: Double, radius: Double, isInside: Bool, name: [String])] = []
    }

    private func discs() -> Wide {
        var wide = Wide()
        let most = Double(max(1, stages.map(\.count).max() ?? 1))
        let roots = stages.map { (Double($0.count) / most).squareRoot() }
        let entry = new > 0 ? 90.0 : 6
        // The last name has as much room beside its disc as one line of it takes, at most.
        let margin = Double(min(12, stages.last?.name.count ?? 0)) * Wide.largeLetter / 2
        let room = Wide.width - entry - margin
        let share = stages.count > Wide.few ? Wide.share.many : Wide.share.few
        let largest = min(78, room * share / (2 * max(0.1, roots.reduce(0, +))))
        let radii = roots.map { max(5, $0 * largest) }
        let gaps = Double(max(1, stages.count - 1))
        let gap = min(300, (room - 2 * radii.reduce(0, +)) / gaps)
        let used = 2 * radii.reduce(0, +) + gap * gaps
        var x = entry + (room - used) / 2
        for (stage, radius) in zip(stages, radii) {
            x += radius
            let text = Double(max(stage.name.count, Formats.number(stage.count).count)) * Wide.letter
            wide.discs.append((x, radius, radius >= max(24, text / 2 + 4), [stage.name]))
            x += radius + gap
        }
        for place in stages.indices where !wide.discs[place].isInside {
            // Names below discs stand in one row, so each has the way to the next.
            let beside = [place - 1, place + 1].filter { wide.discs.indices.contains($0) }.map { abs(wide.discs[$0].x - wide.discs[place].x) }.min()
            wide.discs[place].name = Self.lines(stages[place].name, to: (beside ?? 300) - 8, letter: Wide.largeLetter)
        }
        return wide
    }

    /// What the template draws side by side; `rest` says how many moves it leaves to the table.
    var wide: Fields {
        let wide = discs()
        let shown = Array(moves.prefix(Self.mostArcs))
        var arcs: [Fields] = []
        var notes: [Fields] = []
        var top = -(wide.discs.map(\.radius).max() ?? 0) - 8
        /// What names and numbers take below these discs.
        func below(_ discs: ArraySlice<(x: Double, radius: Double, isInside: Bool, name: [String])>) -> Double {
            discs.filter { !$0.isInside }.map { Wide.below + Wide.line * Double($0.name.count - 1) }.max() ?? 0
        }
        var bottom = -top + below(wide.discs[...])
        for isOnwards in [true, false] {
            let sign = isOnwards ? -1.0 : 1
            var placed: [(move: Move, peak: Double)] = []
            // Short ones lie closest to the discs, and whatever shares a stretch with them beyond them.
            for move in shown.filter({ $0.isOnwards == isOnwards }).sorted(by: { ($0.span.count, $0.from) < ($1.span.count, $1.from) }) {
                let across = wide.discs[move.span]
                let breadth = breadth(move.perWeek, most: 22)
                var height = (across.map(\.radius).max() ?? 0) + 22 + breadth / 2
                if !isOnwards { height += below(across) }
                for other in placed where other.move.overlaps(move) { height = max(height, other.peak + 24 + breadth / 2) }
                placed.append((move, height + breadth / 2))
                let drawn = arc(move, wide, peak: sign * height)
                arcs.append(["path": drawn.path, "breadth": Self.drawn(breadth), "isBack": !isOnwards])
                notes.append(["x": Self.drawn(drawn.x), "y": Self.drawn(sign * height + 4), "text": Self.words(move.perWeek)])
                if isOnwards { top = min(top, -height - breadth / 2 - 12) } else { bottom = max(bottom, height + breadth / 2 + 12) }
            }
        }
        if new > 0, let first = wide.discs.first {
            arcs.append([
                "path": "M\(Self.drawn(max(0, first.x - first.radius - 84))) 0H\(Self.drawn(first.x - first.radius))",
                "breadth": Self.drawn(breadth(new, most: 40)),
            ])
            notes.append(["x": Self.drawn(first.x - first.radius - 44), "y": "4", "text": Self.words(new) + " new"])
        }
        let line = wide.discs.first.map { a in "M\(Self.drawn(a.x)) 0H\(Self.drawn(wide.discs.last?.x ?? a.x))" }
        return [
            "box": "0 \(Self.drawn(top)) \(Self.drawn(Wide.width)) \(Self.drawn(bottom - top))", "line": line, "arcs": arcs, "notes": notes,
            "discs": zip(stages, wide.discs).map { disc($0, $1) },
            "rest": rest(without: shown),
        ]
    }

    private func disc(_ stage: Stage, _ disc: (x: Double, radius: Double, isInside: Bool, name: [String])) -> Fields {
        let first = disc.isInside ? -2 : disc.radius + Wide.line
        func line(_ number: Int) -> String { Self.drawn(first + Double(number) * Wide.line) }
        return [
            "x": Self.drawn(disc.x), "radius": Self.drawn(disc.radius), "count": Formats.number(stage.count),
            "name": disc.name.enumerated().map { ["text": $1, "x": Self.drawn(disc.x), "y": line($0), "isBelow": !disc.isInside] as Fields },
            "countY": disc.isInside ? "14" : line(disc.name.count), "isGone": stage.count == 0, "isBelow": !disc.isInside,
        ]
    }

    /// Leaves and meets the discs' edges: the nearer the other stage, the further from their tops.
    private func arc(_ move: Move, _ wide: Wide, peak: Double) -> (path: String, x: Double) {
        let far = Double(move.span.count - 1)
        // In turns of a circle's 90°: 0.55 for neighbours, towards the top for those far away.
        let turn = 0.55 / far.squareRoot()
        let (sine, cosine) = (turn * (1.5 - turn * turn / 2), 1 - turn * turn)
        func end(_ stage: Int, _ side: Double) -> (x: Double, y: Double) {
            let disc = wide.discs[stage]
            return (disc.x + side * disc.radius * min(1, sine), (peak < 0 ? -1 : 1) * disc.radius * cosine)
        }
        let a = end(move.span.lowerBound, 1)
        let b = end(move.span.upperBound, -1)
        // A curve of the third degree reaches three quarters of the way to its handles.
        let handle = (peak - 0.125 * (a.y + b.y)) / 0.75
        let lean = (b.x - a.x) * 0.2
        let path = [a.x, a.y, a.x + lean, handle, b.x - lean, handle, b.x, b.y].map(Self.drawn)
        return ("M\(path[0]) \(path[1])C\(path[2]) \(path[3]) \(path[4]) \(path[5]) \(path[6]) \(path[7])", (a.x + b.x) / 2)
    }

    /// Says how many moves are not drawn, and that they are smaller only where each of them is.
    private func rest(without drawn: [Move]) -> String? {
        let left = moves.filter { !drawn.contains($0) }
        guard let largest = left.first?.perWeek else { return nil }
        let areSmaller = drawn.allSatisfy { $0.perWeek >= largest }
        return "\(Formats.counted(left.count, areSmaller ? "smaller move" : "other move")) in the table alone"
    }

    // MARK: Below each other

    private enum Tall {
        static let width = 358.0
        static let row = 78.0
        static let x = 30.0
        static let text = 66.0
        static let line = 18.0
        /// Where brackets begin, and the lanes in which they run.
        static let edge = 210.0
        static let lanes = [244.0, 276, 308, 340]
        static let letter = 8.4
    }

    /// The moves that are not one step on, the largest that find room together, with their lanes.
    private var lanes: [(move: Move, lane: Int)] {
        var found: [(move: Move, lane: Int)] = []
        for move in moves where move.to != move.from + 1 && found.count < Self.mostArcs {
            // A small one never takes the room of a larger one, however far that goes.
            if let all = Self.placed(found.map(\.move) + [move]) { found = all }
        }
        return found
    }

    /// The short ones in the inner lanes and the long ones around them; nil when there are too few lanes.
    private static func placed(_ moves: [Move]) -> [(move: Move, lane: Int)]? {
        var taken: [[Move]] = Tall.lanes.map { _ in [] }
        var found: [(move: Move, lane: Int)] = []
        for move in moves.sorted(by: { ($0.span.count, $1.perWeek) < ($1.span.count, $0.perWeek) }) {
            guard let lane = taken.indices.first(where: { lane in !taken[lane].contains { $0.overlaps(move) } }) else { return nil }
            taken[lane].append(move)
            found.append((move, lane))
        }
        return found
    }

    /// What the template draws below each other.
    var tall: Fields {
        let top = new > 0 ? 34.0 : 4
        let most = Double(max(1, stages.map(\.count).max() ?? 1))
        let radii = stages.map { max(3, 26 * (Double($0.count) / most).squareRoot()) }
        func y(_ stage: Int) -> Double { top + 28 + Double(stage) * Tall.row }
        var arcs: [Fields] = []
        var notes: [Fields] = []
        var heads: [Fields] = []
        if new > 0, let radius = radii.first {
            arcs.append([
                "path": "M\(Self.drawn(Tall.x)) 0V\(Self.drawn(y(0) - radius))", "breadth": Self.drawn(breadth(new, most: 20)),
            ])
            notes.append(["x": Self.drawn(Tall.text), "y": "18", "text": Self.words(new) + " new a week", "isStart": true])
        }
        for move in moves where move.to == move.from + 1 {
            arcs.append([
                "path":
                    "M\(Self.drawn(Tall.x)) \(Self.drawn(y(move.from) + radii[move.from]))V\(Self.drawn(y(move.to) - radii[move.to]))",
                "breadth": Self.drawn(breadth(move.perWeek, most: 20)),
            ])
            notes.append([
                "x": Self.drawn(Tall.text), "y": Self.drawn((y(move.from) + y(move.to)) / 2 + 5), "text": "↓ " + Self.words(move.perWeek),
                "isStart": true,
            ])
        }
        let brackets = lanes
        // At each row the brackets' ends stand below each other: what goes on below what comes from above.
        func ends(_ stage: Int) -> [Move] {
            brackets.filter { $0.move.span.lowerBound == stage || $0.move.span.upperBound == stage }
                .sorted { a, b in
                    let (aboveA, aboveB) = (a.move.span.upperBound == stage, b.move.span.upperBound == stage)
                    return aboveA != aboveB ? aboveA : aboveA ? a.lane < b.lane : a.lane > b.lane
                }.map(\.move)
        }
        func endY(_ move: Move, _ stage: Int) -> Double {
            let all = ends(stage)
            let place = all.firstIndex(of: move) ?? 0
            return y(stage) + (Double(place) - Double(all.count - 1) / 2) * 11
        }
        for (move, lane) in brackets {
            let (a, b, x) = (endY(move, move.span.lowerBound), endY(move, move.span.upperBound), Tall.lanes[lane])
            let start = Self.drawn(Tall.edge)
            arcs.append([
                "path":
                    "M\(start) \(Self.drawn(a))H\(Self.drawn(x - 8))Q\(Self.drawn(x)) \(Self.drawn(a)) \(Self.drawn(x)) \(Self.drawn(a + 8))"
                    + "V\(Self.drawn(b - 8))Q\(Self.drawn(x)) \(Self.drawn(b)) \(Self.drawn(x - 8)) \(Self.drawn(b))H\(start)",
                "breadth": Self.drawn(breadth(move.perWeek, most: 9)), "isBack": !move.isOnwards,
            ])
            let head = move.isOnwards ? b : a
            heads.append([
                "points": "\(Self.drawn(Tall.edge - 7)),\(Self.drawn(head)) \(start),\(Self.drawn(head - 4)) \(start),\(Self.drawn(head + 4))",
                "isBack": !move.isOnwards,
            ])
            notes.append([
                "x": Self.drawn(x), "y": Self.drawn((a + b) / 2 + (lane % 2 == 0 ? -6 : 14)), "text": Self.words(move.perWeek),
            ])
        }
        return [
            "box": "0 0 \(Self.drawn(Tall.width)) \(Self.drawn(y(max(0, stages.count - 1)) + 36))",
            "line": "M\(Self.drawn(Tall.x)) \(Self.drawn(y(0)))V\(Self.drawn(y(max(0, stages.count - 1))))",
            "arcs": arcs, "notes": notes, "heads": heads,
            "discs": zip(stages, radii).enumerated().map { place, it -> Fields in
                let lines = Self.lines(it.0.name, to: Tall.edge - Tall.text - 8, letter: Tall.letter, mostLines: 2)
                let first = y(place) - (lines.count > 1 ? 11 : 2)
                func line(_ number: Int) -> String { Self.drawn(first + Double(number) * Tall.line) }
                return [
                    "x": Self.drawn(Tall.x), "y": Self.drawn(y(place)), "radius": Self.drawn(it.1), "textX": Self.drawn(Tall.text),
                    "name": lines.enumerated().map { ["text": $1, "x": Self.drawn(Tall.text), "y": line($0)] as Fields },
                    "count": Formats.number(it.0.count), "countY": line(lines.count), "isGone": it.0.count == 0,
                ]
            },
            "rest": rest(without: brackets.map(\.move) + moves.filter { $0.to == $0.from + 1 }),
        ]
    }
}
