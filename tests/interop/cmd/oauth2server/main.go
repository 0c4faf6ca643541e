// oauth2server is a real OAuth2 authorization server (github.com/go-oauth2/oauth2) for the tests. It prints "listening HOST:PORT".
//
//	POST /token            client credentials; the client authenticates in the Basic header, with -form in the body
//	GET  /check            200 for a valid bearer token, else 401 (for nginx's auth_request)
//	POST /test/revoke      every token issued so far becomes invalid
//	GET  /test/state       {"issued": N, "refused": N}
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-oauth2/oauth2/v4"
	"github.com/go-oauth2/oauth2/v4/errors"
	"github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	"github.com/go-oauth2/oauth2/v4/server"
	"github.com/go-oauth2/oauth2/v4/store"
)

func main() {
	id := flag.String("id", "client", "client id")
	secret := flag.String("secret", "secret", "client secret")
	expires := flag.Duration("expires", time.Hour, "life of a token")
	form := flag.Bool("form", false, "take the client's credentials from the body")
	delay := flag.Duration("delay", 0, "time that a token request takes")
	scope := flag.String("scope", "", "the only scope that is granted")
	certificate := flag.String("cert", "", "PEM file: serve TLS")
	key := flag.String("key", "", "PEM file")
	flag.Parse()

	manager := manage.NewDefaultManager()
	manager.SetClientTokenCfg(&manage.Config{AccessTokenExp: *expires})
	manager.MustTokenStorage(store.NewMemoryTokenStore())
	clients := store.NewClientStore()
	if err := clients.Set(*id, &models.Client{ID: *id, Secret: *secret}); err != nil {
		log.Fatal(err)
	}
	manager.MapClientStorage(clients)

	var mu sync.Mutex
	var issued []string
	var refused int
	s := server.NewDefaultServer(manager)
	s.SetClientInfoHandler(server.ClientBasicHandler)
	if *form {
		s.SetClientInfoHandler(server.ClientFormHandler)
	}
	s.SetClientScopeHandler(func(request *oauth2.TokenGenerateRequest) (bool, error) {
		return *scope == "" || request.Scope == *scope, nil
	})
	s.SetExtensionFieldsHandler(func(token oauth2.TokenInfo) map[string]interface{} {
		mu.Lock()
		defer mu.Unlock()
		issued = append(issued, token.GetAccess())
		return nil
	})
	s.SetResponseErrorHandler(func(*errors.Response) {
		mu.Lock()
		defer mu.Unlock()
		refused++
	})

	http.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(*delay)
		if err := s.HandleTokenRequest(w, r); err != nil {
			log.Print(err)
		}
	})
	http.HandleFunc("/check", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.ValidationBearerToken(r); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	http.HandleFunc("/test/revoke", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		for _, token := range issued {
			_ = manager.RemoveAccessToken(context.Background(), token)
		}
	})
	http.HandleFunc("/test/state", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]int{"issued": len(issued), "refused": refused})
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	log.Fatal(http.Serve(listener, nil))
}
