//! The listener: connections in, answers out, and an end that cuts nobody off.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::signal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use crate::model::Model;
use crate::routes::router;
use crate::service::Service;
use crate::settings::Settings;

/// How long the listener rests when the system has no more file descriptors.
const REST: Duration = Duration::from_millis(50);

/// Bound to an address, not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    settings: Settings,
}

impl Server {
    /// Takes an address; port 0 is any that is free.
    ///
    /// # Errors
    /// If the address is taken or is none, or two models have one name.
    pub fn bind(address: impl ToSocketAddrs, models: Vec<Model>, settings: Settings) -> io::Result<Self> {
        let twice =
            |(index, model): &(usize, &Model)| models[..*index].iter().any(|other| other.name == model.name);
        if let Some((_, model)) = models.iter().enumerate().find(twice) {
            let message = format!("two models are called {}, give their files other names", model.name);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, router: router(Arc::new(Service::new(models, settings.clone()))), settings })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until the process is asked to end, by an interrupt or a request to terminate.
    ///
    /// # Errors
    /// If there are no threads or no signals to be had.
    pub fn run(self) -> io::Result<()> {
        self.run_until(terminated())
    }

    /// Answers until `end` is ready; then those who are being answered are answered still.
    ///
    /// # Errors
    /// As [`Server::run`].
    pub fn run_until(self, end: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.listen(end))
    }

    async fn listen(self, end: impl Future<Output = io::Result<()>>) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let graceful = GracefulShutdown::new();
        let connections = Arc::new(Semaphore::new(self.settings.connections));
        let accept = async {
            loop {
                let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
                match listener.accept().await {
                    Ok((stream, _)) => connect(stream, &self.router, &self.settings, &graceful, permit),
                    // The client is gone already, or there are no descriptors left.
                    Err(error) => {
                        tracing::warn!(%error, "accept");
                        sleep(REST).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accept => {}
            ended = end => ended?,
        }
        drop(listener);
        tracing::info!("ending");
        let time = self.settings.body_time + self.settings.answer_time;
        if timeout(time, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections were cut off");
        }
        Ok(())
    }
}

fn connect(
    stream: TcpStream,
    router: &Router,
    settings: &Settings,
    graceful: &GracefulShutdown,
    permit: OwnedSemaphorePermit,
) {
    // What is written is small or large, never something to wait for more.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(settings.body_time));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_time)
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router.clone()));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _held = permit;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection");
        }
    });
}

/// Ready when the process is asked to end.
async fn terminated() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}
