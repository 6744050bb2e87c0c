// Command peer is a validating webhook as operators in Go have them: the server of controller-runtime, a typed decode, and
// two checks in place of rules.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func main() {
	folder := flag.String("certificates", "", "folder with tls.crt and tls.key")
	port := flag.Int("port", 0, "where it listens, on 127.0.0.1")
	flag.Parse()
	log.SetLogger(zap.New())

	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(schema.GroupVersion{Group: "kubeskippy.io", Version: "v1alpha1"}, &HealingPolicy{})
	decoder := admission.NewDecoder(scheme)

	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: *port, CertDir: *folder})
	server.Register("/validate", &webhook.Admission{Handler: admission.HandlerFunc(func(_ context.Context, request admission.Request) admission.Response {
		policy := &HealingPolicy{}
		if err := decoder.Decode(request, policy); err != nil {
			return admission.Errored(400, err)
		}
		if len(policy.Spec.Triggers) == 0 || len(policy.Spec.Actions) == 0 {
			return admission.Denied("a policy has triggers and actions")
		}
		return admission.Allowed("")
	})})

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := server.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
