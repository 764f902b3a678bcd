//! Certificates made for a test.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use sdoh_gateway::config::Config;
use tempfile::TempDir;

/// Who signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

/// A certificate with its key, both in PEM.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// For the gateway, on loopback; its common name is free.
    pub fn server(&self, name: &str) -> Issued {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        self.issue(params, &[(DnType::CommonName, name)], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// For a client.
    pub fn client(&self, subject: &[(DnType, &str)]) -> Issued {
        let params = CertificateParams::new(Vec::new()).unwrap();
        self.issue(params, subject, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        subject: &[(DnType, &str)],
        usage: ExtendedKeyUsagePurpose,
    ) -> Issued {
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Issued { certificate, key: key.serialize_pem() }
    }

    /// A client that trusts this authority, and shows a certificate where it has one.
    #[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
    pub fn trusted_by(&self, own: Option<&Issued>) -> reqwest::Client {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(self.pem.as_bytes()).unwrap();
        let mut builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        if let Some(own) = own {
            let pem = format!("{}{}", own.certificate, own.key);
            builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        builder.build().unwrap()
    }
}

/// Where certificates lie.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    /// Puts a file in it.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Puts the gateway's certificate and key in it.
    pub fn put_server(&self, issued: &Issued) {
        self.put("certificate.pem", &issued.certificate);
        self.put("key.pem", &issued.key);
    }

    /// Has a gateway take its certificate from here.
    pub fn configure(&self, config: &mut Config) {
        config.tls.certificate = Some(self.0.path().join("certificate.pem"));
        config.tls.key = Some(self.0.path().join("key.pem"));
    }
}
