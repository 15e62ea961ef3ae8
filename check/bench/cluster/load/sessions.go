package main

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sharedConnection takes commands of many clients. What they say while a write is under way leaves with the next one, and
// answers come in the order of the commands.
type sharedConnection struct {
	connection net.Conn
	lock       sync.Mutex
	unsent     []byte
	waiting    []chan string // of who has sent, in their order
	sending    bool
	broken     error
}

// ask puts a command, and sends its answer to `answer`, which must have room for it.
func (c *sharedConnection) ask(command []byte, answer chan string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.broken != nil {
		return c.broken
	}
	c.unsent = append(c.unsent, command...)
	c.waiting = append(c.waiting, answer)
	if !c.sending {
		c.sending = true
		go c.send()
	}
	return nil
}

func (c *sharedConnection) send() {
	var sent []byte // a buffer that is used again
	c.lock.Lock()
	defer c.lock.Unlock()
	for len(c.unsent) > 0 && c.broken == nil {
		sent, c.unsent = c.unsent, sent[:0]
		c.lock.Unlock()
		_, err := c.connection.Write(sent)
		c.lock.Lock()
		if err != nil {
			c.broken = err
		}
	}
	c.sending = false
}

// receive gives each line to whom it is for, until there are none; then everybody gets "".
func (c *sharedConnection) receive() {
	lines := bufio.NewReaderSize(c.connection, 1<<16)
	for {
		if lines.Buffered() == 0 {
			c.connection.SetReadDeadline(time.Now().Add(limit))
		}
		line, err := lines.ReadString('\n')
		c.lock.Lock()
		if err != nil {
			c.broken = err
			for _, answer := range c.waiting {
				answer <- ""
			}
			c.lock.Unlock()
			return
		}
		answer := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.lock.Unlock()
		answer <- line
	}
}

// sessionClient has a session (LOCKSTEP.OPEN), as our own clerk has: its commands take effect once, on a connection that
// others use, too. It puts one at a time.
type sessionClient struct {
	shared       *sharedConnection
	answer       chan string
	session, seq int
	command      []byte // a buffer that is used again
}

func (c *sessionClient) ask() (string, error) {
	if err := c.shared.ask(c.command, c.answer); err != nil {
		return "", err
	}
	line := <-c.answer
	if line == "" {
		c.shared.lock.Lock()
		defer c.shared.lock.Unlock()
		return "", c.shared.broken
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

func (c *sessionClient) put(key string, value []byte) error {
	c.seq++
	b := append(c.command[:0], "*7\r\n$11\r\nLOCKSTEP.DO\r\n"...)
	b = appendBulk(b, strconv.Itoa(c.session))
	b = appendBulk(b, strconv.Itoa(c.seq))
	b = appendBulk(b, strconv.Itoa(c.seq)) // first: no other command of this session waits
	b = appendBulk(b, "put")
	b = appendBulk(b, key)
	c.command = appendBulk(b, value)
	reply, err := c.ask()
	if err == nil && reply != "+OK" {
		err = errors.New(reply)
	}
	return err
}

func sessionClients(servers []string, clients, connections int) ([]client, error) {
	pool := make([]*sharedConnection, connections)
	for n := range pool {
		connection, err := net.DialTimeout("tcp", servers[n%len(servers)], limit)
		if err != nil {
			return nil, err
		}
		pool[n] = &sharedConnection{connection: connection}
		go pool[n].receive()
	}
	all := make([]client, clients)
	for n := range all {
		c := &sessionClient{shared: pool[n%connections], answer: make(chan string, 1)}
		c.command = []byte("*2\r\n$13\r\nLOCKSTEP.OPEN\r\n$5\r\n60000\r\n")
		reply, err := c.ask()
		if err != nil {
			return nil, err
		}
		if c.session, err = strconv.Atoi(strings.TrimPrefix(reply, ":")); err != nil {
			return nil, errors.New(reply)
		}
		all[n] = c
	}
	return all, nil
}
