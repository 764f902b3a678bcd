//! Registering clients while the gateway serves. Every node knows of a change at once.

use serde_json::Value;

use crate::access::{Registration, RegistrationError};
use crate::store::{ClientRow, Store, StoreError};

/// Why a client cannot be registered or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// The registration makes no sense.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// There is one of that name.
    #[error("client '{0}' is registered already")]
    Known(String),
    /// There is none of that name.
    #[error("client '{0}' is not registered")]
    Unknown(String),
    /// It is registered in the configuration.
    #[error("client '{0}' is registered in the configuration: change it there")]
    Configured(String),
    /// What is kept of it cannot be read.
    #[error("client '{0}': what the database has of it cannot be read")]
    Broken(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// As it is registered; `None` where that cannot be read, or is nowhere.
    pub registration: Option<Registration>,
    /// Its id.
    pub id: String,
    /// Whether it is registered in the configuration.
    pub is_configured: bool,
    /// Whether it is shut out.
    pub is_disabled: bool,
}

/// Who registers clients, in a store, beside those of a configuration.
pub struct Registrar<'s> {
    store: &'s Store,
    configured: &'s [Registration],
}

impl<'s> Registrar<'s> {
    /// One for a store and a configuration.
    pub fn new(store: &'s Store, configured: &'s [Registration]) -> Registrar<'s> {
        Registrar { store, configured }
    }

    /// All clients, by their ids.
    pub async fn list(&self) -> Result<Vec<Listed>, RegistrarError> {
        let (_, rows) = self.store.clients().await?;
        let mut listed: Vec<Listed> = rows
            .into_iter()
            .map(|row| {
                let configured = self.configured.iter().find(|own| own.id == row.id);
                let stored = row.registration.and_then(|text| serde_json::from_str(&text).ok());
                Listed {
                    is_configured: configured.is_some(),
                    registration: configured.cloned().or(stored),
                    id: row.id,
                    is_disabled: row.is_disabled,
                }
            })
            .collect();
        for own in self.configured {
            if !listed.iter().any(|known| known.id == own.id) {
                listed.push(Listed {
                    registration: Some(own.clone()),
                    id: own.id.clone(),
                    is_configured: true,
                    is_disabled: false,
                });
            }
        }
        listed.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(listed)
    }

    /// Registers a new client.
    pub async fn add(&self, registration: &Registration) -> Result<(), RegistrarError> {
        registration.check()?;
        match self.find(&registration.id).await {
            Ok(_) => Err(RegistrarError::Known(registration.id.clone())),
            Err(RegistrarError::Unknown(_)) => self.keep(registration, false).await,
            Err(error) => Err(error),
        }
    }

    /// Gives a client other keys; what the old ones have signed is not taken any more.
    pub async fn rotate(
        &self,
        id: &str,
        jwks: Option<Value>,
        jwks_url: Option<String>,
    ) -> Result<(), RegistrarError> {
        let known = self.find(id).await?;
        if known.is_configured {
            return Err(RegistrarError::Configured(id.to_owned()));
        }
        let registration = known.registration.ok_or_else(|| RegistrarError::Broken(id.to_owned()))?;
        let registration = registration.with_keys(jwks, jwks_url);
        registration.check()?;
        self.keep(&registration, known.is_disabled).await
    }

    /// Shuts a client out, or lets it in again.
    pub async fn set_disabled(&self, id: &str, is_disabled: bool) -> Result<(), RegistrarError> {
        let known = self.find(id).await?;
        match known.registration.filter(|_| !known.is_configured) {
            Some(registration) => self.keep(&registration, is_disabled).await,
            None => {
                let row = ClientRow { id: id.to_owned(), registration: None, is_disabled };
                Ok(self.store.set_client(&row).await?)
            }
        }
    }

    async fn find(&self, id: &str) -> Result<Listed, RegistrarError> {
        let listed = self.list().await?.into_iter().find(|known| known.id == id);
        listed.ok_or_else(|| RegistrarError::Unknown(id.to_owned()))
    }

    async fn keep(&self, registration: &Registration, is_disabled: bool) -> Result<(), RegistrarError> {
        let text = serde_json::to_string(registration)
            .map_err(|_| RegistrarError::Broken(registration.id.clone()))?;
        let row = ClientRow { id: registration.id.clone(), registration: Some(text), is_disabled };
        Ok(self.store.set_client(&row).await?)
    }
}
