// The certificates of all hosts: made where there are none, read again when their files change.
#pragma once

#include <vector>

#include "certs/store.h"
#include "config.h"
#include "data_folder.h"

using CertificatesRef = base::Ref<certs::Store>;

/// One pair per host: the configured files, or certs/<domain>.crt and .key in the data folder.
std::vector<certs::Host> certificate_hosts(const Config& config, const DataFolder& data);

/// Makes a self-signed pair for every host without files of its own, then loads all; empty without hosts. Fails if any
/// pair cannot be used; logs what is merely suspicious. Any thread; blocks on disk.
base::Result<CertificatesRef> load_certificates(const Config& config, const DataFolder& data, base::WallTime now);

/// The one pair of the token service's entrances: its own, or the first host's. None where no entrance has TLS.
std::vector<certs::Host> token_certificate_hosts(const Config& config, const DataFolder& data);
/// The same as load_certificates for these, after it. Callers are asked for certificates of theirs.
base::Result<CertificatesRef> load_token_certificates(const Config& config, const DataFolder& data, base::WallTime now);

/// The next store if a file has changed, otherwise none; logs what it found. Any thread; blocks on disk.
CertificatesRef reload_changed(const CertificatesRef& current, const std::vector<certs::Host>& hosts,
                               base::WallTime now);
