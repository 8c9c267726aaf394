// XEP-0313: Message Archive Management for accounts, with the preferences of XEP-0441.
#pragma once

#include "features/feature.h"

namespace features {

/// Archives what an account's people say to each other, stamps it with its archive id (XEP-0359) and answers queries.
/// A host with `archive` off neither archives nor advertises, and refuses queries. Its steps stand behind those that
/// refuse or strip (blocking, hints, carbons) in the list.
void add_archive(const Environment& environment);

}  // namespace features
