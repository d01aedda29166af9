package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Password is that of a secure server.
const Password = "pass/word:@"

// NewSecure starts a server that speaks TLS alone and asks for Password. Its URL
// has both, and names the file of its certificate's authority.
func NewSecure(t testing.TB) *Server {
	t.Helper()
	folder := t.TempDir()
	ca := filepath.Join(folder, "ca.pem")
	certificate, key := filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key")
	certify(t, ca, certificate, key)
	s := prepare(t)
	s.URL = "rediss://:pass%2Fword%3A%40@127.0.0.1:" + s.port + "?ca=" + ca
	s.options = []string{
		"--port", "0", "--tls-port", s.port, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", ca, "--tls-auth-clients", "no", "--requirepass", Password,
	}
	s.begin()
	return s
}

// certify writes an authority, and a certificate of it for this machine.
func certify(t testing.TB, ca, certificate, key string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a test's server"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	sign := func(c *x509.Certificate, owner *ecdsa.PrivateKey) []byte {
		t.Helper()
		der, err := x509.CreateCertificate(rand.Reader, c, authority, &owner.PublicKey, keys[0])
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	der, err := x509.MarshalECPrivateKey(keys[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{
		{ca, "CERTIFICATE", sign(authority, keys[0])},
		{certificate, "CERTIFICATE", sign(server, keys[1])},
		{key, "EC PRIVATE KEY", der},
	} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
