import Foundation
import Kernel
import Simdjson

/// Reads JSON text for a test.
func parsed(_ bytes: [UInt8]) throws -> JSON { try bytes.withUnsafeBytes { try JSON.parse($0) } }

/// A file's permission bits.
func permissions(_ path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
}
