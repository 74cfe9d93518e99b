// What applications do with pgx; prints a line for each thing that went well. Connects by libpq's variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "pool_max_conns=4")
	check(err)
	defer pool.Close()
	for _, step := range []func(context.Context, *pgxpool.Pool){prepared, batch, copying, transactions, cancelling, listening} {
		step(ctx, pool)
	}
}

// By default pgx prepares every statement under a name, and reads binary.
func prepared(ctx context.Context, pool *pgxpool.Pool) {
	var group sync.WaitGroup
	for i := 0; i < 50; i++ {
		group.Go(func() {
			var sum int
			var text string
			check(pool.QueryRow(ctx, "select $1::int + 1, $2::text", i, "grüße").Scan(&sum, &text))
			must(sum == i+1 && text == "grüße")
		})
	}
	group.Wait()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var at time.Time
		check(pool.QueryRow(ctx, "select $1::timestamptz", mode, time.Unix(7, 0)).Scan(&at))
		must(at.Unix() == 7)
	}
	fmt.Println("prepared")
}

func batch(ctx context.Context, pool *pgxpool.Pool) {
	batch := &pgx.Batch{}
	for i := 0; i < 100; i++ {
		batch.Queue("select $1::int * 2", i)
	}
	results := pool.SendBatch(ctx, batch)
	for i := 0; i < 100; i++ {
		var n int
		check(results.QueryRow().Scan(&n))
		must(n == i*2)
	}
	check(results.Close())
	fmt.Println("batch")
}

func copying(ctx context.Context, pool *pgxpool.Pool) {
	_, err := pool.Exec(ctx, "create table if not exists gone (a int, b text)")
	check(err)
	rows := [][]any{}
	for i := 0; i < 1000; i++ {
		rows = append(rows, []any{i, fmt.Sprint("x", i)})
	}
	// Binary COPY.
	count, err := pool.CopyFrom(ctx, pgx.Identifier{"gone"}, []string{"a", "b"}, pgx.CopyFromRows(rows))
	check(err)
	must(count == 1000)
	_, err = pool.Exec(ctx, "drop table gone")
	check(err)
	fmt.Println("copying")
}

func transactions(ctx context.Context, pool *pgxpool.Pool) {
	options := pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable}
	check(pgx.BeginTxFunc(ctx, pool, options, func(tx pgx.Tx) error {
		err := pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error {
			_, err := inner.Exec(ctx, "select 1 / 0")
			return err
		})
		must(code(err) == "22012")
		var level string
		return tx.QueryRow(ctx, "show transaction_isolation").Scan(&level)
	}))
	fmt.Println("transactions")
}

func cancelling(ctx context.Context, pool *pgxpool.Pool) {
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err := pool.Exec(short, "select pg_sleep(600)")
	must(errors.Is(err, context.DeadlineExceeded))
	fmt.Println("cancelling")
}

func listening(ctx context.Context, pool *pgxpool.Pool) {
	conn, err := pool.Acquire(ctx)
	check(err)
	defer conn.Release()
	_, err = conn.Exec(ctx, "listen news")
	check(err)
	_, err = pool.Exec(ctx, "select pg_notify('news', 'hello')")
	check(err)
	heard, err := conn.Conn().WaitForNotification(ctx)
	check(err)
	must(heard.Payload == "hello")
	fmt.Println("listening")
}

func code(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

func must(isSo bool) {
	if !isSo {
		panic("not so")
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
