package mlflow

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// requestTimeout bounds one request, as MLflow's own client does.
const requestTimeout = 120 * time.Second

// authorization is the header by MLflow's own environment variables: user and password
// (also of the address) before a token. Empty for none.
func authorization(t Target, getenv func(string) string) string {
	user, password := getenv("MLFLOW_TRACKING_USERNAME"), getenv("MLFLOW_TRACKING_PASSWORD")
	if user == "" || password == "" {
		user, password = t.user, t.password
	}
	switch token := getenv("MLFLOW_TRACKING_TOKEN"); {
	case user != "" && password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	case token != "":
		return "Bearer " + token
	}
	return ""
}

// transport speaks TLS as MLflow's environment variables say, through the proxies of
// the environment.
func transport(getenv func(string) string) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = requestTimeout
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	insecure := strings.EqualFold(getenv("MLFLOW_TRACKING_INSECURE_TLS"), "true") || getenv("MLFLOW_TRACKING_INSECURE_TLS") == "1"
	server, client := getenv("MLFLOW_TRACKING_SERVER_CERT_PATH"), getenv("MLFLOW_TRACKING_CLIENT_CERT_PATH")
	if insecure && server != "" {
		return nil, mistake("found both MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH; set one of them")
	}
	c.InsecureSkipVerify = insecure
	if server != "" {
		pool, err := certificates(server)
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if client != "" {
		pair, err := tls.LoadX509KeyPair(client, client)
		if err != nil {
			return nil, mistake("MLFLOW_TRACKING_CLIENT_CERT_PATH: %s: %v; expected a PEM file with a certificate and its key", client, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	t.TLSClientConfig = c
	return t, nil
}

// certificates reads a PEM file, or all PEM files of a folder.
func certificates(path string) (*x509.CertPool, error) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(path, "*"))
	}
	pool, found := x509.NewCertPool(), false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil && file == path {
			return nil, mistake("MLFLOW_TRACKING_SERVER_CERT_PATH: %v", err)
		}
		found = pool.AppendCertsFromPEM(data) || found
	}
	if !found {
		return nil, mistake("MLFLOW_TRACKING_SERVER_CERT_PATH: %s has no PEM certificate", path)
	}
	return pool, nil
}
