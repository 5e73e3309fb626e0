import Ledger

/// One file that becomes items.
final class SourceImport {
    private let source: Mapping.Source
    private let path: String
    private let writer: ItemWriter
    private let columns: [String]
    private let lookUpPaths: [String]
    private let lookUpBytes: Int

    private var evaluator: RowEvaluator
    private var reader: CSVReader
    private var row = CSVRow()
    private var stage: Stage
    private var wanted: [[Int]]
    private var queue: [ImportStep] = []
    private var queueAt = 0
    private var counts: [Fingerprint: Int32] = [:]
    private var open: [Fingerprint: [CSVRow]] = [:]
    private var keys: Set<Fingerprint> = []
    private var firstPassBytes = 0
    private(set) var progress = ImportProgress()

    private enum Stage {
        case lookUps
        /// Reads the file for the first time: counts groups and learns threads.
        case first
        case rows
        case done
    }

    /// After how many rows without an item `next` comes back, so that progress can be shown.
    private static let pause = 4096

    init(mapping: String, source: Mapping.Source, path: String, files: InputFiles, itemLimit: Int) throws {
        self.source = source
        self.path = path
        writer = ItemWriter(mapping: mapping, source: source.name, limit: itemLimit)
        var tables: [(columns: [String], path: String)] = []
        var sizes = 0
        for look in source.lookUps {
            guard let found = files.find(look.file) else {
                throw MappingProblem.noFile(look.place, file: look.file, folders: files.searched)
            }
            var reader = try CSVReader(path: found, separator: look.format.separator, encoding: look.format.encoding)
            tables.append((try Self.heading(&reader, found), found))
            sizes += reader.size
        }
        reader = try CSVReader(path: path, separator: source.format.separator, encoding: source.format.encoding)
        columns = try Self.heading(&reader, path)
        var binder = Binder(source: source, columns: columns, path: path, tables: tables)
        let bound = try binder.bind()
        wanted = binder.wanted
        lookUpPaths = tables.map(\.path)
        lookUpBytes = sizes
        evaluator = RowEvaluator(
            source: bound, tables: source.lookUps.indices.map { LookUpTable(width: binder.wanted[$0].count, many: source.lookUps[$0].many) },
            threads: source.threads.map { _ in ThreadTable() })
        stage = .lookUps
        let passes = source.group.isEmpty && source.threads.isEmpty ? 1 : 2
        progress.bytesTotal = sizes + reader.size * passes
        for (index, look) in source.lookUps.enumerated() {
            _ = try Self.keyColumn(look, tables[index])
        }
    }

    /// The names of the columns: the first row.
    private static func heading(_ reader: inout CSVReader, _ path: String) throws -> [String] {
        var row = CSVRow()
        switch try reader.next(&row) {
        case .end: throw MappingProblem.heading(file: path, "the file is empty")
        case .fault(let fault, _): throw MappingProblem.heading(file: path, RowFault.csv(fault).sentence)
        case .row: break
        }
        let names = (0..<row.count).map { row.text($0) }
        var seen: Set<String> = []
        for name in names where !name.isEmpty && !seen.insert(name).inserted {
            throw MappingProblem.heading(file: path, "two columns are called “\(name)”")
        }
        return names
    }

    private static func keyColumn(_ look: Mapping.LookUp, _ table: (columns: [String], path: String)) throws -> Int {
        guard case .column(let name) = look.key.form else {
            throw MappingProblem.shape(look.place, what: "the key of look-up “\(look.name)”", wanted: "one column")
        }
        guard let index = table.columns.firstIndex(of: name) else {
            throw MappingProblem.noColumn(look.place, column: name, file: table.path, columns: table.columns)
        }
        return index
    }

    // MARK: steps

    func next() throws -> ImportStep? {
        if queueAt < queue.count {
            defer { queueAt += 1 }
            return queue[queueAt]
        }
        queue.removeAll(keepingCapacity: true)
        queueAt = 0
        switch stage {
        case .lookUps:
            for index in source.lookUps.indices { try load(index) }
            progress.bytes = lookUpBytes
            stage = source.group.isEmpty && source.threads.isEmpty ? .rows : .first
        case .first: try readFirst()
        case .rows: try readRows()
        case .done: return nil
        }
        if queueAt < queue.count {
            queueAt = 1
            return queue[0]
        }
        return .reading
    }

    private func say(_ kind: ImportNotice.Kind, _ fault: RowFault, line: Int, event: String? = nil, file: String? = nil) {
        if kind == .refused { progress.refused += 1 }
        if kind == .leftOut { progress.leftOut += 1 }
        queue.append(.notice(ImportNotice(kind: kind, file: file ?? path, line: line, event: event, fault: fault)))
    }

    private func load(_ index: Int) throws {
        let look = source.lookUps[index]
        let file = lookUpPaths[index]
        var reader = try CSVReader(path: file, separator: look.format.separator, encoding: look.format.encoding)
        let heading = try Self.heading(&reader, file)
        let column = try Self.keyColumn(look, (heading, file))
        let key = BoundValue(
            form: .column(.row(column)), label: "column \(heading[column])", settings: look.key, translation: [:], fallback: nil, only: [])
        var reading = RowEvaluator(source: BoundSource())
        var text: [UInt8] = []
        while true {
            switch try reader.next(&reading.row) {
            case .end: return
            case .fault(let fault, let line): say(.refused, .csv(fault), line: line, file: file)
            case .row:
                let line = reading.row.line
                let found = reading.row.count
                if found < look.format.fewest ?? heading.count || found > heading.count {
                    say(.refused, .columns(found: found, wanted: heading.count), line: line, file: file)
                    continue
                }
                text.removeAll(keepingCapacity: true)
                do throws(RowFault) {
                    // A row without a key is found by nobody: that is no fault.
                    guard try reading.text(key, into: &text) else { continue }
                } catch {
                    say(.refused, error, line: line, file: file)
                    continue
                }
                if !evaluator.tables[index].add(key: text[...], wanted[index].map { reading.row[$0] }) {
                    say(.note, .repeatedLookUp(String(decoding: text, as: UTF8.self)), line: line, file: file)
                }
            }
        }
    }

    private enum Read { case row, fault(RowFault, line: Int), end }

    /// The next row with as many fields as the heading.
    private func read() throws -> (Read, short: Int?) {
        switch try reader.next(&row) {
        case .end: return (.end, nil)
        case .fault(let fault, let line): return (.fault(.csv(fault), line: line), nil)
        case .row:
            let found = row.count
            if found == columns.count { return (.row, nil) }
            guard found < columns.count, let fewest = source.format.fewest, found >= fewest else {
                return (.fault(.columns(found: found, wanted: columns.count), line: row.line), nil)
            }
            row.fill(to: columns.count)
            return (.row, found)
        }
    }

    private func take() {
        swap(&evaluator.row, &row)
        evaluator.begin()
    }

    private func readFirst() throws {
        for _ in 0..<Self.pause {
            let (found, _) = try read()
            switch found {
            case .fault: continue
            case .end:
                for index in evaluator.threads.indices { evaluator.threads[index].settle() }
                firstPassBytes = reader.size
                reader = try CSVReader(path: path, separator: source.format.separator, encoding: source.format.encoding)
                _ = try Self.heading(&reader, path)
                stage = .rows
                return
            case .row:
                take()
                // What cannot be read is said when the row is read again.
                do throws(RowFault) {
                    try learnThreads()
                    if !source.group.isEmpty, let key = try joined(evaluator.source.group) { counts[KeyHash.of(key), default: 0] += 1 }
                } catch {}
            }
        }
        progress.bytes = lookUpBytes + reader.consumed
    }

    private func learnThreads() throws(RowFault) {
        for (index, thread) in evaluator.source.threads.enumerated() {
            var id: [UInt8] = []
            var parent: [UInt8] = []
            var person: [UInt8] = []
            guard try evaluator.text(thread.id, into: &id) else { continue }
            _ = try evaluator.text(thread.parent, into: &parent)
            if try evaluator.holds(thread.when) { _ = try evaluator.text(thread.person, into: &person) }
            evaluator.threads[index].add(id: id[...], parent: parent[...], person: person[...])
        }
    }

    private func readRows() throws {
        for _ in 0..<Self.pause where queue.isEmpty {
            let (found, short) = try read()
            switch found {
            case .end:
                stage = .done
                progress.bytes = progress.bytesTotal
                return
            case .fault(let fault, let line):
                progress.rows += 1
                say(.refused, fault, line: line)
            case .row:
                progress.rows += 1
                if let short { say(.note, .shortRow(found: short, wanted: columns.count), line: row.line) }
                take()
                if source.group.isEmpty { emit() } else { collect() }
            }
        }
        progress.bytes = lookUpBytes + firstPassBytes + reader.consumed
    }

    /// Keeps a row until its group is complete.
    private func collect() {
        let line = evaluator.row.line
        do throws(RowFault) {
            guard let key = try joined(evaluator.source.group) else { throw .noKey(labels(evaluator.source.group)) }
            let hash = KeyHash.of(key)
            var rows = open.removeValue(forKey: hash) ?? []
            rows.append(evaluator.row)
            if rows.count < counts[hash] ?? 0 {
                open[hash] = rows
                return
            }
            counts[hash] = nil
            evaluator.row = rows[0]
            evaluator.rows = rows
            evaluator.begin()
            emit()
            evaluator.rows = []
        } catch {
            say(.refused, error, line: line)
        }
    }

    /// The items of the row, or of the group, that the evaluator holds.
    private func emit() {
        let line = evaluator.row.line
        do throws(RowFault) {
            for rule in evaluator.source.leaveOut where try evaluator.holds(rule.when) {
                return say(.leftOut, .because(rule.because), line: line)
            }
            guard let key = try joined(evaluator.source.key) else { throw .noKey(labels(evaluator.source.key)) }
            guard keys.insert(KeyHash.of(key)).inserted else { throw .repeatedKey(String(decoding: key, as: UTF8.self)) }
            var any = false
            for event in evaluator.source.events where try evaluator.holds(event.when) {
                any = true
                emit(event, key, line)
            }
            if !any { say(.leftOut, .noEvent, line: line) }
        } catch {
            say(.refused, error, line: line)
        }
    }

    /// The item of one event. What is wrong with it does not touch the other events of the row.
    private func emit(_ event: BoundEvent, _ key: [UInt8], _ line: Int) {
        do throws(RowFault) {
            switch try writer.write(event, key: key, &evaluator) {
            case .item(let bytes):
                queue.append(.item(ImportItem(bytes: bytes, file: path, line: line)))
            case .spared(let bytes, let size):
                queue.append(.item(ImportItem(bytes: bytes, file: path, line: line)))
                say(.note, .spared(event.spare, bytes: size, limit: writer.limit), line: line, event: event.id)
            }
            progress.items += 1
        } catch {
            say(.refused, error, line: line, event: event.id)
        }
    }

    /// The texts of several values as one, or nil when one is empty. A slash within a part is written %2F, so that no two keys agree by chance.
    private func joined(_ values: [BoundValue]) throws(RowFault) -> [UInt8]? {
        var out: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0 { out.append(47) }
            let start = out.count
            guard try evaluator.text(value, into: &out) else { return nil }
            if values.count > 1, out[start...].contains(where: { $0 == 47 || $0 == 37 }) {
                let part = out[start...].flatMap { $0 == 47 ? Array("%2F".utf8) : $0 == 37 ? Array("%25".utf8) : [$0] }
                out.replaceSubrange(start..., with: part)
            }
        }
        return out
    }

    private func labels(_ values: [BoundValue]) -> String { values.map(\.label).joined(separator: ", ") }
}
