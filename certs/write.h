// PEM files as this folder writes them: whole or not at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/openssl.h"

namespace certs {

/// Written aside, synced and renamed, so that a reader never sees half of it.
base::Result<void> write_whole(const std::string& path, std::string_view bytes, mode_t mode);
/// A private key in PEM without passphrase, mode 0600.
base::Result<void> write_key(const std::string& path, const EVP_PKEY& key);

/// What was written into a BIO in memory.
std::string text_of(BIO& bio);

}  // namespace certs
