// The tables and how an older file becomes a newer one.
#pragma once

#include <span>

#include "base/result.h"
#include "store/database.h"

namespace store {

/// Step n turns version n into version n + 1. Steps are only ever appended.
std::span<const char* const> schema_steps();

/// Brings the file to the newest version, each step in a transaction of its own: a crash leaves the version
/// before or after. Refuses files of a newer version and files that are not ours.
base::Result<void> migrate(Database& database, std::span<const char* const> steps = schema_steps());

/// Reads every page; reports the first damage found. Takes about a second for each gigabyte or less.
base::Result<void> check_integrity(Database& database);

}  // namespace store
