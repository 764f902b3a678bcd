//! `client`: who may log in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::access::{Coverage, Registration};
use crate::audit::{Actor, Kind};
use crate::auth::{Listed, Registrar};
use crate::fhir::json;

use super::{Failure, Settings};

/// Clients that may log in, beside those of the configuration. Gateways that serve know of changes at once.
#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Register a client.
    Add(Box<Add>),
    /// List all clients.
    List(List),
    /// Give a client other keys, in place of those it has.
    Rotate(Rotate),
    /// Shut a client out: its tokens are no good from now on.
    Disable(One),
    /// Let a client in again.
    Enable(One),
}

/// Options of `add`.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its client_id.
    #[arg(value_name = "ID")]
    id: String,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// Organization it acts for in the default space.
    #[arg(long, value_name = "Organization/ID")]
    organization: Option<String>,
    /// Organization it acts for in another space; may be given several times.
    #[arg(long = "in-space", value_name = "SPACE=Organization/ID")]
    in_spaces: Vec<String>,
    /// The most it may ask for, such as 'system/*.cruds'; gateway/admin for those who run the gateway.
    #[arg(long)]
    scopes: String,
    /// What HIPAA makes of it: covered-entity, business-associate or non-covered.
    #[arg(long, default_value = "non-covered")]
    coverage: String,
    /// Referrals without an owner that are offered to it: system|code of a Task's performerType, or *.
    #[arg(long = "pool", value_name = "TOKEN")]
    pools: Vec<String>,
    #[command(flatten)]
    keys: Keys,
    /// Subject of the certificate it connects with (tls.client-ca): CN=pantry,O=Pantry
    #[arg(long, value_name = "NAME")]
    tls_subject: Option<String>,
    /// Address or network that may be connected to for it though it is not public; may be given several times.
    #[arg(long = "allow-address", value_name = "ADDRESS")]
    allow_addresses: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    settings: Settings,
}

/// Options of `rotate`.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Its client_id.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    settings: Settings,
}

/// Options of `disable` and `enable`.
#[derive(Debug, Args)]
pub(super) struct One {
    /// Its client_id.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Keys {
    /// File with its public keys (a JWK Set); - for standard input.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where its public keys are.
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
}

impl Client {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self {
            Client::Add(add) => {
                let registration = add.registration()?;
                let what = format!("client {} added", registration.id);
                change(&add.settings, &what, async |registrar| registrar.add(&registration).await).await
            }
            Client::List(list) => list.run().await,
            Client::Rotate(Rotate { id, keys, settings }) => {
                let jwks = keys.read()?;
                if jwks.is_none() && keys.jwks_url.is_none() {
                    return Err(Failure::Other("say the new keys: --jwks or --jwks-url".into()));
                }
                let rotate =
                    async |registrar: Registrar<'_>| registrar.rotate(&id, jwks, keys.jwks_url).await;
                change(&settings, &format!("client {id} given other keys"), rotate).await
            }
            Client::Disable(One { id, settings }) => {
                let set = async |registrar: Registrar<'_>| registrar.set_disabled(&id, true).await;
                change(&settings, &format!("client {id} disabled"), set).await
            }
            Client::Enable(One { id, settings }) => {
                let set = async |registrar: Registrar<'_>| registrar.set_disabled(&id, false).await;
                change(&settings, &format!("client {id} enabled"), set).await
            }
        }
    }
}

/// Changes something, and tells the record of it: before, for what is not told must not be done.
async fn change<E: std::fmt::Display>(
    settings: &Settings,
    what: &str,
    change: impl AsyncFnOnce(Registrar<'_>) -> Result<(), E>,
) -> Result<(), Failure> {
    let config = settings.load()?;
    let gateway = settings.gateway().await?;
    gateway.record_own(Actor::Operator, Kind::Configuration, what).await.map_err(Failure::other)?;
    let changed = change(Registrar::new(gateway.store(), &config.clients)).await;
    if changed.is_err() {
        let failed = format!("{what}: refused");
        gateway.record_own(Actor::Operator, Kind::Configuration, &failed).await.map_err(Failure::other)?;
    }
    gateway.close().await;
    changed.map_err(Failure::other)
}

impl Keys {
    fn read(&self) -> Result<Option<Value>, Failure> {
        let Some(path) = &self.jwks else { return Ok(None) };
        let text = match path == Path::new("-") {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(path),
        };
        let wrong = |error: &dyn std::fmt::Display| Failure::Other(format!("{}: {error}", path.display()));
        let text = text.map_err(|error| wrong(&error))?;
        json::parse(text.as_bytes()).map(Some).map_err(|error| wrong(&error))
    }
}

impl Add {
    fn registration(&self) -> Result<Registration, Failure> {
        let mut organizations: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in &self.in_spaces {
            let (space, organization) = text
                .split_once('=')
                .ok_or_else(|| Failure::Other("--in-space SPACE=Organization/ID".into()))?;
            organizations.entry(space.to_owned()).or_default().push(organization.to_owned());
        }
        let coverage: Coverage = serde_json::from_value(self.coverage.as_str().into()).map_err(|_| {
            Failure::Other("--coverage is covered-entity, business-associate or non-covered".into())
        })?;
        Ok(Registration {
            id: self.id.clone(),
            name: self.name.clone(),
            organization: self.organization.clone(),
            organizations,
            coverage,
            pools: self.pools.iter().cloned().collect(),
            scopes: self.scopes.parse().map_err(Failure::other)?,
            jwks: self.keys.read()?,
            jwks_url: self.keys.jwks_url.clone(),
            tls_subject: self.tls_subject.clone(),
            allow_addresses: self.allow_addresses.iter().cloned().collect(),
        })
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let config = self.settings.load()?;
        let gateway = self.settings.gateway().await?;
        let listed = Registrar::new(gateway.store(), &config.clients).list().await.map_err(Failure::other)?;
        for client in &listed {
            println!("{}", line(client));
        }
        gateway.close().await;
        Ok(())
    }
}

/// `pantry  enabled  database  Organization/pantry  system/*.cruds  jwks:1`
fn line(client: &Listed) -> String {
    let state = if client.is_disabled { "disabled" } else { "enabled" };
    let place = if client.is_configured { "configuration" } else { "database" };
    let Some(registration) = &client.registration else {
        return format!("{}  {state}  {place}  cannot be read", client.id);
    };
    let organizations: Vec<&String> =
        registration.organization.iter().chain(registration.organizations.values().flatten()).collect();
    let organizations = organizations.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
    let keys = registration.jwks.as_ref().and_then(|jwks| jwks.get("keys")?.as_array().map(Vec::len));
    let proofs = [
        keys.map(|count| format!("jwks:{count}")),
        registration.jwks_url.clone(),
        registration.tls_subject.clone(),
    ];
    let proofs = proofs.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let Registration { id, scopes, .. } = registration;
    format!("{id}  {state}  {place}  {organizations}  {scopes}  {proofs}")
}
